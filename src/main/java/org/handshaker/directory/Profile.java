// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import org.jspecify.annotations.Nullable;

/**
 * A user and the certificate on file, read in one look: the fingerprint is that certificate's.
 *
 * @param certificate armored; null where there is none
 */
public record Profile(User user, @Nullable String certificate) {}
