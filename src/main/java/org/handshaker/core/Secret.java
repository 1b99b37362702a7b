// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A token, code or invite while it is in use: its text as bytes that {@link #close} wipes, never a {@link String}, which the
 * JVM keeps until it likes. Equal in constant time; {@link #toString} and {@link #hashCode} tell nothing.
 *
 * <p>Whoever makes one closes it; whoever is handed one does neither keep nor close it.
 */
public final class Secret implements AutoCloseable {
    private static final int RANDOM_BYTES = 32;
    private static final int UTF8_BYTES_MAX = 3;

    private final byte[] text;

    private Secret(byte[] text) {
        this.text = text;
    }

    /** A fresh bearer secret: 256 bits, 43 characters of base64url. */
    public static Secret random() {
        return base64Url(Secrets.randomBytes(RANDOM_BYTES));
    }

    /** The base64url of these bytes, which are wiped. */
    public static Secret base64Url(byte[] bytes) {
        Secret secret = new Secret(Base64.getUrlEncoder().withoutPadding().encode(bytes));
        Arrays.fill(bytes, (byte) 0);
        return secret;
    }

    /** The UTF-8 of these characters, which stay their owner's to wipe. */
    public static Secret of(char[] text) {
        byte[] room = new byte[UTF8_BYTES_MAX * text.length];
        ByteBuffer encoded = ByteBuffer.wrap(room);
        StandardCharsets.UTF_8
                .newEncoder()
                .onMalformedInput(CodingErrorAction.REPLACE)
                .encode(CharBuffer.wrap(text), encoded, true);
        byte[] bytes = Arrays.copyOf(room, encoded.position());
        Arrays.fill(room, (byte) 0);
        return new Secret(bytes);
    }

    public static @Nullable Secret orNull(char @Nullable [] text) {
        return text == null ? null : of(text);
    }

    /** Lends the text's UTF-8, which must be neither kept nor changed. */
    public <T> T lend(Function<byte[], T> use) {
        return use.apply(text);
    }

    /** The text's characters, for the one who is told the secret; the caller wipes them. */
    public char[] chars() {
        char[] room = new char[text.length];
        CharBuffer decoded = CharBuffer.wrap(room);
        StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text), decoded, true);
        char[] chars = Arrays.copyOf(room, decoded.position());
        Arrays.fill(room, '\0');
        return chars;
    }

    /** What the text is the base64url of, if of anything; the caller wipes it. */
    public Optional<byte[]> decoded() {
        try {
            return Optional.of(Base64.getUrlDecoder().decode(text));
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
    }

    public byte[] sha256() {
        return Secrets.sha256(text);
    }

    public int length() {
        return text.length;
    }

    @Override
    public void close() {
        Arrays.fill(text, (byte) 0);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Secret secret && Secrets.same(text, secret.text);
    }

    /** The same for all: even a few bits of it are none of a hash table's business. */
    @Override
    public int hashCode() {
        return 0;
    }

    @Override
    public String toString() {
        return "Secret";
    }
}
