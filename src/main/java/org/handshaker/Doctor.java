// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;
import org.handshaker.client.MailCarrier;
import org.handshaker.client.RelayAddress;
import org.handshaker.client.RelayUnreachable;
import org.handshaker.client.Visit;
import org.handshaker.core.Config;
import org.handshaker.core.KeyFile;
import org.handshaker.core.Unusable;
import org.handshaker.tor.OnionKey;
import org.handshaker.tor.TorCheck;
import org.jspecify.annotations.Nullable;

/**
 * Looks at what a relay with these settings needs, and at the relay itself from outside if it runs: a line for each thing,
 * {@code ok} or {@code BAD}. It changes nothing, tells no secret and ends within some two minutes.
 */
final class Doctor {
    private static final Duration VISIT_MAX = Duration.ofSeconds(90);

    private final Config config;
    private final InstantSource time;
    private final Consumer<String> out;
    private boolean healthy = true;

    Doctor(Config config, InstantSource time, Consumer<String> out) {
        this.config = config;
        this.time = time;
        this.out = out;
    }

    private interface Check {
        /** A sentence on what is well; throws one on what is not. */
        String run() throws IOException;
    }

    /** @param torrc the operator's, for {@code --tor torrc}; whether all is well */
    boolean examine(@Nullable Path torrc) {
        check("key file", this::keyFile);
        switch (config.tor()) {
            case MANAGED -> check("tor", () -> TorCheck.binary(config.torBinary()));
            case CONTROL ->
                check(
                        "tor",
                        () -> TorCheck.control(
                                config.torControl().address(),
                                config.torControlPasswordFile().orElse(null),
                                time.instant()));
            case TORRC -> {
                if (torrc == null) {
                    out.accept("??   torrc: not looked at; name it with --torrc FILE");
                } else {
                    check("torrc", () -> TorCheck.torrc(torrc));
                }
            }
            case NONE -> out.accept("??   tor: this relay is no onion (--tor none)");
        }
        if (config.tor() != Config.Tor.NONE) {
            outside();
        }
        if (config.mailServer().isPresent()) {
            mail();
        }
        return healthy;
    }

    private String keyFile() {
        if (config.isKeyTyped()) {
            return "to be typed at the start";
        }
        if (!Files.exists(config.keyFile())) {
            return "not there yet; the first start makes it";
        }
        java.util.Arrays.fill(KeyFile.read(config.keyFile()), (byte) 0);
        return "there, whole, and for its owner alone";
    }

    private void outside() {
        Optional<String> onion = config.onion().or(() -> new OnionKey(config.data()).address());
        Optional<String> socks = config.torSocks().or(this::managedSocks);
        if (onion.isEmpty()) {
            out.accept("??   from outside: the address is not known yet; start the relay, or name it with --onion");
        } else if (socks.isEmpty()) {
            out.accept("??   from outside: no SOCKS port to go by; start the relay, or name one with --tor-socks");
        } else {
            check("from outside", () -> visit(onion.get(), socks.get()));
        }
    }

    private void mail() {
        Optional<String> socks = config.torSocks().or(this::managedSocks);
        if (socks.isEmpty()) {
            out.accept("??   recovery mail: no SOCKS port to go by; start the relay, or name one with --tor-socks");
            return;
        }
        check("recovery mail", () -> {
            try (MailCarrier carrier = MailCarrier.of(config, () -> socks, time).orElseThrow()) {
                carrier.visit();
            }
            return "the mail server takes it, through the SOCKS port";
        });
    }

    private static String visit(String onion, String socks) throws IOException {
        long start = System.nanoTime();
        String word = Visit.health(RelayAddress.parse("http://" + onion, socks), VISIT_MAX);
        if (!word.equals("ok")) {
            throw new IOException(
                    "the relay answers through Tor and says of itself: " + word.replaceAll("[^a-z]", "?"));
        }
        return "the relay answers through Tor after "
                + Duration.ofNanos(System.nanoTime() - start).toMillis() + " ms, and says ok";
    }

    private Optional<String> managedSocks() {
        Path socket = config.data().resolve("tor").resolve("socks");
        return Files.exists(socket) ? Optional.of("unix:" + socket) : Optional.empty();
    }

    private void check(String what, Check check) {
        try {
            out.accept("ok   " + what + ": " + check.run());
        } catch (Unusable | IOException | RelayUnreachable | IllegalArgumentException bad) {
            healthy = false;
            out.accept("BAD  " + what + ": " + bad.getMessage());
        }
    }
}
