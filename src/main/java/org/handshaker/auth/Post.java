// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import org.handshaker.guard.Admission;
import org.handshaker.guard.Mails;
import org.jspecify.annotations.Nullable;

/**
 * What recovery mail needs, where the operator wants it.
 *
 * @param admission lets the hashing of addresses in, as that of passwords
 * @param mails null where rates are off
 */
public record Post(Mailer mailer, Admission admission, @Nullable Mails mails) {}
