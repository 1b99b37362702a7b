// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The real gpg with a throw-away home, whose agent ends with it. */
public final class Gpg implements AutoCloseable {
    private final List<String> clock;
    private final Path home;

    private Gpg(List<String> clock, Path home) {
        this.clock = clock;
        this.home = home;
    }

    public static Gpg open() {
        return open(List.of());
    }

    /** A gpg for which it is always the first of January 2026, before the time at which {@link TestTime} begins. */
    public static Gpg beforeTestTime() {
        return open(List.of("--faked-system-time", "20260101T000000!"));
    }

    private static Gpg open(List<String> clock) {
        try {
            // Short, since the agent's socket lives in it and socket paths end at 108 bytes.
            return new Gpg(
                    clock,
                    Files.createTempDirectory(
                            "gpg", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Makes a primary key and an encryption subkey; returns the fingerprint. */
    public String key(String userId, String primary, String encryption, String... options) {
        String fingerprint = primaryKey(userId, primary, "cert,sign", options);
        List<String> add = new ArrayList<>(Arrays.asList(options));
        add.addAll(List.of("--quick-add-key", fingerprint, encryption, "encr", "never"));
        run(add);
        return fingerprint;
    }

    public String primaryKey(String userId, String algorithm, String usage, String... options) {
        return primaryKeyFor("never", userId, algorithm, usage, options);
    }

    public String primaryKeyFor(String expires, String userId, String algorithm, String usage, String... options) {
        List<String> make = new ArrayList<>(Arrays.asList(options));
        make.addAll(List.of("--status-fd", "1", "--quick-generate-key", userId, algorithm, usage, expires));
        return run(make)
                .lines()
                .filter(line -> line.contains("KEY_CREATED"))
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .findFirst()
                .orElseThrow();
    }

    public String export(String... fingerprints) {
        List<String> export = new ArrayList<>(List.of("--armor", "--export"));
        export.addAll(Arrays.asList(fingerprints));
        return run(export);
    }

    public byte[] exportBinary(String fingerprint) {
        return runBytes(new byte[0], List.of("--export", fingerprint));
    }

    public String exportSecret(String fingerprint) {
        return run(List.of("--armor", "--export-secret-keys", fingerprint));
    }

    public void importSecret(String armored) {
        runBytes(armored.getBytes(StandardCharsets.US_ASCII), List.of("--import"));
    }

    /** Detached and armored. */
    public String sign(String fingerprint, byte[] bytes, String... options) {
        List<String> sign = new ArrayList<>(Arrays.asList(options));
        sign.addAll(List.of("--armor", "--detach-sign", "--local-user", fingerprint));
        return new String(runBytes(bytes, sign), StandardCharsets.US_ASCII);
    }

    public void revoke(String fingerprint) {
        Path certificate = home.resolve("openpgp-revocs.d").resolve(fingerprint + ".rev");
        try {
            String text = Files.readString(certificate).replace(":-----BEGIN", "-----BEGIN");
            runBytes(text.getBytes(StandardCharsets.UTF_8), List.of("--import"));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    public String decrypt(String armored) {
        return new String(
                runBytes(armored.getBytes(StandardCharsets.US_ASCII), List.of("--decrypt")), StandardCharsets.UTF_8);
    }

    public String packets(String armored) {
        return new String(
                runBytes(armored.getBytes(StandardCharsets.US_ASCII), List.of("--list-only", "--list-packets")),
                StandardCharsets.UTF_8);
    }

    public String run(List<String> arguments) {
        return new String(runBytes(new byte[0], arguments), StandardCharsets.UTF_8);
    }

    private byte[] runBytes(byte[] input, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                "gpg",
                "--homedir",
                home.toString(),
                "--batch",
                "--yes",
                "--quiet",
                "--no-tty",
                "--no-permission-warning"));
        command.addAll(List.of("--trust-model", "always", "--pinentry-mode", "loopback", "--passphrase", ""));
        command.addAll(clock);
        command.addAll(arguments);
        try {
            Path errors = Files.createTempFile(home, "err", "");
            Path in = Files.write(Files.createTempFile(home, "in", ""), input);
            Process process = new ProcessBuilder(command)
                    .redirectInput(in.toFile())
                    .redirectError(errors.toFile())
                    .start();
            byte[] output = process.getInputStream().readAllBytes();
            if (process.waitFor() != 0) {
                throw new IllegalStateException("gpg " + arguments + ": " + Files.readString(errors));
            }
            return output;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    @Override
    public void close() {
        try {
            new ProcessBuilder("gpgconf", "--homedir", home.toString(), "--kill", "all")
                    .start()
                    .waitFor(10, TimeUnit.SECONDS);
            // The agent takes its sockets away by itself, a moment after it was told to go.
            Await.until("gpg's home to be gone", 20, this::isDeleted);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isDeleted() {
        try (Stream<Path> files = Files.walk(home)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
            return true;
        } catch (IOException | UncheckedIOException somethingWent) {
            return !Files.exists(home);
        }
    }
}
