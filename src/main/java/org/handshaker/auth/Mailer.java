// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import org.handshaker.core.MailAddress;

/** How a code leaves the relay by mail. */
public interface Mailer {
    /** Returns when the mail is the mail server's; throws where it cannot be. The address is wiped afterwards. */
    void send(MailAddress to, String code);
}
