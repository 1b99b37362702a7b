// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.handshaker.core.Id;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/** Seals what an event says (sender, kind and payload together) for the one place in the one queue where it lies. */
final class Bodies {
    private static final String PLACE = "event.body";
    private static final String SHARED = "event.shared";

    private final Vault vault;

    Bodies(Vault vault) {
        this.vault = vault;
    }

    byte[] seal(Id owner, Event event) {
        byte[] from = bytes(event.from() == null ? "" : event.from().bare());
        byte[] kind = bytes(event.kind());
        byte[] payload = bytes(event.payload());
        byte[] plain = ByteBuffer.allocate(2 + from.length + kind.length + payload.length)
                .put((byte) from.length)
                .put((byte) kind.length)
                .put(from)
                .put(kind)
                .put(payload)
                .array();
        return vault.seal(plain, PLACE, owner.bytes(), seqBytes(event.seq()));
    }

    Event open(Id owner, QueueStore.SealedEvent sealed) {
        if (sealed.isShared()) {
            return openShared(sealed);
        }
        ByteBuffer plain = ByteBuffer.wrap(vault.open(sealed.body(), PLACE, owner.bytes(), seqBytes(sealed.seq())));
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
        byte[] from = bytes(event.from() == null ? "" : event.from().bare());
        byte[] kind = bytes(event.kind());
        byte[] group = bytes(event.group() == null ? "" : event.group());
        byte[] payload = bytes(event.payload());
        byte[] plain = ByteBuffer.allocate(3 + from.length + kind.length + group.length + payload.length)
                .put((byte) from.length)
                .put((byte) kind.length)
                .put((byte) group.length)
                .put(from)
                .put(kind)
                .put(group)
                .put(payload)
                .array();
        return vault.seal(plain, SHARED, event.eventId().bytes());
    }

    private Event openShared(QueueStore.SealedEvent sealed) {
        ByteBuffer plain = ByteBuffer.wrap(
                vault.open(sealed.body(), SHARED, sealed.eventId().bytes()));
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

    /** What sealing adds: two lengths, a nonce and a tag. */
    static int sealedBytes(Event event) {
        int from = event.from() == null ? 0 : event.from().bare().length();
        return 2 + 12 + 16 + from + event.kind().length() + bytes(event.payload()).length;
    }

    private static byte[] seqBytes(long seq) {
        return ByteBuffer.allocate(Long.BYTES).putLong(seq).array();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(ByteBuffer from, int length) {
        byte[] bytes = new byte[length];
        from.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
