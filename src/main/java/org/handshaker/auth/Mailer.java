// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import org.handshaker.core.MailAddress;
import org.handshaker.core.Secret;

/** How a code leaves the relay by mail. */
public interface Mailer {
    /** Returns when the mail is the mail server's; throws where it cannot be. Both are wiped afterwards. */
    void send(MailAddress to, Secret code);
}
