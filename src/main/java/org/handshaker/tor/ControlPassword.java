// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Proof to tor by the password of its {@code HashedControlPassword} (control-spec 3.5), for where its cookie cannot be read. */
final class ControlPassword {
    private static final int BYTES_MAX = 1_024;

    private ControlPassword() {}

    static void authenticate(ControlPort port, Path file) throws IOException {
        String password;
        try {
            password = Files.size(file) > BYTES_MAX
                    ? ""
                    : Files.readString(file, StandardCharsets.UTF_8).strip();
        } catch (IOException unreadable) {
            throw new IOException("the file of tor's control password cannot be read", unreadable);
        }
        if (password.isEmpty() || !password.chars().allMatch(c -> c >= ' ' && c < 127)) {
            throw new IOException("the file of tor's control password holds no line of plain characters");
        }
        try {
            port.command("AUTHENTICATE \"" + password.replace("\\", "\\\\").replace("\"", "\\\"") + '"');
        } catch (ControlPort.CommandRefused wrong) {
            throw new IOException("tor does not take the control password: check --tor-control-password-file", wrong);
        }
    }
}
