// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What can be found out about a tor without being an onion, for an operator who wonders. Each check ends in bounded time. */
public final class TorCheck {
    private static final long TORRC_BYTES_MAX = 1 << 20;

    private TorCheck() {}

    /** @throws IOException with a sentence, if this program cannot be the relay's own tor */
    public static String binary(String binary) throws IOException {
        boolean knows = TorProcess.proofOfWork(binary) == Torrc.ProofOfWork.KNOWN;
        return knows ? "tor is there and knows proof of work" : "tor is there; it was built without proof of work";
    }

    /** An existing tor: that it takes our commands, is anonymous, and agrees with our clock. */
    public static String control(SocketAddress address, @Nullable Path passwordFile, Instant now) throws IOException {
        try (ControlPort control = ControlPort.connect(address, event -> {});
                TorLink link = new TorLink()) {
            if (passwordFile == null) {
                control.authenticate();
            } else {
                ControlPassword.authenticate(control, passwordFile);
            }
            ServiceProof.requireAnonymous(control);
            link.connected(control);
            if (!link.agreesOnTime(now)) {
                throw new IOException("this machine's clock does not fit the network's time: set it");
            }
            return "tor " + Printable.of(control.getInfo("version").get(0)) + " takes commands and is anonymous";
        }
    }

    /** An operator's torrc: that it exports circuit ids and gives nothing away. Included files are not looked into. */
    public static String torrc(Path file) throws IOException {
        if (Files.size(file) > TORRC_BYTES_MAX) {
            throw new IOException("this is no torrc");
        }
        List<String> lines = Files.readAllLines(file);
        ServiceProof.requireAnonymous(lines);
        boolean exports = lines.stream()
                .map(line -> line.strip().toLowerCase(Locale.ROOT).replaceAll("\\s+", " "))
                .anyMatch(line -> line.startsWith("hiddenserviceexportcircuitid haproxy"));
        if (!exports) {
            throw new IOException(
                    "the torrc lacks HiddenServiceExportCircuitID haproxy, and the relay would stop at the"
                            + " first connection");
        }
        return "the torrc exports circuit ids and is anonymous";
    }
}
