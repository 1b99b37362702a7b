// SPDX-License-Identifier: MIT
/**
 * Invites: a secret that one hands to somebody by other ways, and that lets them register, be connected with one, or join a
 * group. The relay keeps its keyed hash only, counts its uses and forgets it when its time is over.
 *
 * <p>States: good, used up, past its time, taken back; all but the first look as if it had never been. What may never happen: a
 * use that counts twice, or that counts where nothing came of it; an invite into a group by somebody who may not add anyone
 * (when it is redeemed, not only when it was made); a token readable in a file.
 */
@NullMarked
package org.handshaker.invites;

import org.jspecify.annotations.NullMarked;
