// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.handshaker.core.Id;
import org.handshaker.core.SealKey;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/**
 * Seals what an event says (sender, kind and payload together) for the one place in the one queue where it lies, and until the
 * hour in which it runs out.
 */
final class Bodies {
    private static final String PLACE = "event.body";
    private static final String SHARED = "event.shared";
    /** Around a body of a relay that had one key for all of them. */
    private static final String WRAPPING = "event.before";
    /** With the key of its hour. */
    static final int RATCHETED = 1;
    /** As before there were such keys, and then with the key of its hour. */
    static final int WRAPPED = 2;

    private final Vault vault;
    private final Ratchet ratchet;

    Bodies(Vault vault, Ratchet ratchet) {
        this.vault = vault;
        this.ratchet = ratchet;
    }

    byte[] seal(Id owner, Event event) {
        byte[] room = room(event.from() == null ? "" : event.from().bare(), event.kind(), event.payload());
        ratchet.sealIn(event.expiresAt(), room, bound(owner, event.seq()));
        return room;
    }

    /** The lengths of all texts but the last, then the texts, with room around them in which they can be sealed. */
    private static byte[] room(String... texts) {
        int[] lengths = new int[texts.length];
        int size = SealKey.SEALING_BYTES + texts.length - 1;
        for (int i = 0; i < texts.length; i++) {
            lengths[i] = utf8Length(texts[i]);
            size += lengths[i];
        }
        byte[] room = new byte[size];
        int at = SealKey.NONCE_BYTES;
        for (int i = 0; i < texts.length - 1; i++) {
            room[at++] = (byte) lengths[i];
        }
        for (int i = 0; i < texts.length; i++) {
            put(texts[i], lengths[i], room, at);
            at += lengths[i];
        }
        return room;
    }

    @SuppressWarnings(
            "deprecation") // Right for ASCII, which nearly every payload is, and the one way that makes no copy.
    private static void put(String text, int length, byte[] room, int at) {
        if (length == text.length()) {
            text.getBytes(0, length, room, at);
        } else {
            System.arraycopy(bytes(text), 0, room, at, length);
        }
    }

    /** Nothing when the hour in which it ran out is over: then nobody can open it. */
    @Nullable
    Event open(Id owner, QueueStore.SealedEvent sealed) {
        if (sealed.isShared()) {
            return openShared(sealed);
        }
        byte @Nullable [] bytes = sealed.isWrapped() ? unwrap(owner, sealed) : openNow(owner, sealed);
        if (bytes == null) {
            return null;
        }
        ByteBuffer plain = ByteBuffer.wrap(bytes);
        int fromLength = plain.get();
        int kindLength = plain.get();
        String from = text(plain, fromLength);
        @Nullable Username sender = from.isEmpty() ? null : new Username(from);
        return new Event(
                sealed.eventId(),
                sealed.seq(),
                sealed.eventClass(),
                sender,
                text(plain, kindLength),
                text(plain, plain.remaining()),
                sealed.expiresAt());
    }

    /** For all to whom it was sent: bound to the event and to no queue. */
    byte[] sealShared(Event event) {
        byte[] room = room(
                event.from() == null ? "" : event.from().bare(),
                event.kind(),
                event.group() == null ? "" : event.group(),
                event.payload());
        ratchet.sealIn(event.expiresAt(), room, boundShared(event.eventId()));
        return room;
    }

    private @Nullable Event openShared(QueueStore.SealedEvent sealed) {
        byte @Nullable [] bytes = ratchet.open(sealed.expiresAt(), sealed.body(), boundShared(sealed.eventId()));
        if (bytes == null) {
            return null;
        }
        ByteBuffer plain = ByteBuffer.wrap(bytes);
        int fromLength = plain.get();
        int kindLength = plain.get();
        int groupLength = plain.get();
        Username sender = new Username(text(plain, fromLength));
        String kind = text(plain, kindLength);
        String group = text(plain, groupLength);
        return new Event(
                sealed.eventId(),
                sealed.seq(),
                sealed.eventClass(),
                sender,
                kind,
                text(plain, plain.remaining()),
                sealed.expiresAt(),
                group);
    }

    private byte @Nullable [] openNow(Id owner, QueueStore.SealedEvent sealed) {
        return ratchet.open(sealed.expiresAt(), sealed.body(), bound(owner, sealed.seq()));
    }

    private byte @Nullable [] unwrap(Id owner, QueueStore.SealedEvent sealed) {
        byte @Nullable [] inner = ratchet.open(sealed.expiresAt(), sealed.body(), wrapping(sealed.seq()));
        return inner == null ? null : vault.open(inner, PLACE, owner.bytes(), bytes(sealed.seq()));
    }

    /** What sealing adds: two lengths, a nonce and a tag. */
    static int sealedBytes(Event event) {
        int from = event.from() == null ? 0 : event.from().bare().length();
        return 2 + Vault.SEALING_BYTES + from + event.kind().length() + utf8Length(event.payload());
    }

    /** Counted and not made: every event is measured, and those that are acked at once are never sealed. */
    static int utf8Length(String text) {
        int length = text.length();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                // Each half of a pair counts for two of its four.
                length += c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
            }
        }
        return length;
    }

    private static byte[] boundShared(Id eventId) {
        return Vault.lengthPrefixed(SHARED, eventId.bytes());
    }

    private static byte[] bound(Id owner, long seq) {
        return Vault.lengthPrefixed(PLACE, owner.bytes(), bytes(seq));
    }

    /** What an old body is bound to under the key of its hour; whose it is, it knows inside. */
    static byte[] wrapping(long seq) {
        return Vault.lengthPrefixed(WRAPPING, bytes(seq));
    }

    private static byte[] bytes(long seq) {
        return ByteBuffer.allocate(Long.BYTES).putLong(seq).array();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(ByteBuffer from, int length) {
        int at = from.position();
        from.position(at + length);
        return new String(from.array(), from.arrayOffset() + at, length, StandardCharsets.UTF_8);
    }
}
