// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What must lie nowhere, and a search for all of it at once in every byte of files: as it is, in hexadecimal, in base64 and
 * base64url at each of the three places where it can begin, and, where it is text, in UTF-16 of both orders and in capitals.
 */
public final class Markers {
    private static final int HEAD_BYTES = 6;

    private record Form(String what, byte[] bytes) {}

    private final Map<Long, List<Form>> byHead = new HashMap<>();
    private final Set<String> known = new TreeSet<>();

    /** @param what names it in a failure */
    public void add(String what, String secret) {
        add(what, secret.getBytes(StandardCharsets.UTF_8));
        form(what + " in capitals", secret.toUpperCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8));
        form(what + " in UTF-16LE", secret.getBytes(StandardCharsets.UTF_16LE));
        form(what + " in UTF-16BE", secret.getBytes(StandardCharsets.UTF_16BE));
    }

    public void add(String what, byte[] secret) {
        form(what, secret);
        String hex = HexFormat.of().formatHex(secret);
        form(what + " in hex", hex.getBytes(StandardCharsets.US_ASCII));
        form(what + " in HEX", hex.toUpperCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII));
        for (int shift = 0; shift < 3; shift++) {
            byte[] shifted = new byte[shift + secret.length];
            System.arraycopy(secret, 0, shifted, shift, secret.length);
            // Only the characters that nothing before or behind it has a part in.
            int from = shift == 0 ? 0 : shift + 1;
            int to = shifted.length * 8 / 6;
            form(what + " in base64", Arrays.copyOfRange(Base64.getEncoder().encode(shifted), from, to));
            form(
                    what + " in base64url",
                    Arrays.copyOfRange(Base64.getUrlEncoder().encode(shifted), from, to));
        }
    }

    private void form(String what, byte[] bytes) {
        if (bytes.length < HEAD_BYTES) {
            throw new IllegalArgumentException(what + " is too short to be found");
        }
        if (known.add(HexFormat.of().formatHex(bytes))) {
            byHead.computeIfAbsent(head(bytes, 0), head -> new ArrayList<>(1)).add(new Form(what, bytes));
        }
    }

    public int count() {
        return known.size();
    }

    private static long head(byte[] bytes, int at) {
        long head = 0;
        for (int i = at; i < at + HEAD_BYTES; i++) {
            head = (head << 8) | (bytes[i] & 0xff);
        }
        return head;
    }

    /** Where they lie, by file; empty is what a test wants. */
    public Map<String, Set<String>> in(List<Path> files) throws IOException {
        Map<String, Set<String>> hits = new LinkedHashMap<>();
        for (Path file : files) {
            if (Files.isRegularFile(file)) {
                Set<String> found = in(Files.readAllBytes(file));
                if (!found.isEmpty()) {
                    hits.put(file.toString(), found);
                }
            }
        }
        return hits;
    }

    public Set<String> in(byte[] bytes) {
        Set<String> found = new TreeSet<>();
        long head = 0;
        long mask = (1L << (8 * HEAD_BYTES)) - 1;
        for (int i = 0; i < bytes.length; i++) {
            head = ((head << 8) | (bytes[i] & 0xff)) & mask;
            int start = i - HEAD_BYTES + 1;
            if (start >= 0) {
                for (Form form : byHead.getOrDefault(head, List.of())) {
                    if (form.bytes.length <= bytes.length - start
                            && ByteBuffer.wrap(bytes, start, form.bytes.length).equals(ByteBuffer.wrap(form.bytes))) {
                        found.add(form.what);
                    }
                }
            }
        }
        return found;
    }

    /** Every regular file under these. */
    public static List<Path> filesUnder(Path... roots) throws IOException {
        List<Path> all = new ArrayList<>();
        for (Path root : roots) {
            if (Files.exists(root)) {
                try (Stream<Path> files = Files.walk(root)) {
                    files.filter(Files::isRegularFile).forEach(all::add);
                }
            }
        }
        return all;
    }
}
