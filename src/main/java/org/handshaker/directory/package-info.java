// SPDX-License-Identifier: MIT
/**
 * Who there is: a random id, a name, an optional public certificate, and nothing else about the person.
 *
 * <p>On the disk a name is a keyed hash, to be found by, and sealed bytes, to be read back; certificate and fingerprint are
 * sealed; dates are whole days. Names can therefore not be searched in SQL: those whose owners want to be found by prefix
 * are held sorted in memory, everyone else is found only by the exact name.
 *
 * <p>What may never happen: a name, key or fingerprint readable in a file; an answer from before a change after that change
 * was confirmed; a listing of people who did not ask to be listed. Who is connected or online is not known here: the
 * features that know it implement {@link org.handshaker.directory.Visibility}, {@link org.handshaker.directory.AccountGone}
 * and {@link org.handshaker.directory.KeyChanged}.
 */
@NullMarked
package org.handshaker.directory;

import org.jspecify.annotations.NullMarked;
