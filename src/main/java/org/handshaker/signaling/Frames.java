// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.handshaker.core.Limits;
import org.handshaker.core.Refused;
import org.handshaker.queue.Event;
import org.handshaker.queue.FanOut;
import org.handshaker.queue.QueueRoutes.EventView;
import org.handshaker.queue.Receipt;
import org.handshaker.rooms.Signal;
import org.handshaker.rooms.Tongue;
import org.handshaker.web.Json;
import org.jspecify.annotations.Nullable;

/** The frames of {@code /ws}: what clients may send, read strictly, and what the relay sends. */
final class Frames {
    private static final byte[] PONG = "{\"type\":\"pong\"}".getBytes(StandardCharsets.US_ASCII);

    private Frames() {}

    /** From the client: signs a socket in. */
    record Auth(String type, String token) {
        @Override
        public String toString() {
            return "Auth";
        }
    }

    record Send(
            String type,
            String id,
            @Nullable String toUser,
            @Nullable String group,
            @Nullable Long groupEpoch,
            String kind,
            String payload,
            @Nullable Long ttl) {}

    record Ack(String type, @Nullable Long upTo, @Nullable List<String> eventIds) {}

    record Ping(String type) {}

    record PresenceChoice(String type, String status) {}

    record RoomJoin(String type, String room, @Nullable String id) {}

    record RoomLeave(String type, String room, @Nullable String id) {}

    record RoomSignal(
            String type, String room, String kind, @Nullable String to, String payload, @Nullable String id) {}

    /** To the client: signed in, and what the relay will take. */
    private record Ready(String type, String username, String epoch, int pending, Map<String, Object> limits) {}

    private record EventFrame(
            String type,
            String eventId,
            long seq,
            @Nullable String fromUser,
            @Nullable String group,
            String kind,
            String payload,
            String expiresAt) {}

    private record ReceiptFrame(String type, String id, String eventId, String status, String expiresAt) {}

    private record GroupReceiptFrame(
            String type, String id, String eventId, String status, String expiresAt, int members, int membersFull) {}

    private record RefusedFrame(
            String type, @Nullable String id, String code, String detail, @Nullable Integer retryAfter) {}

    private record RoomJoined(String type, String room, String you, List<String> members) {}

    private record RoomMember(
            String type, String room, String clientId, @Nullable Boolean joined, @Nullable Boolean left) {}

    private record RoomSignalFrom(String type, String room, String from, String kind, String payload) {}

    private record PresenceFrame(String type, String username, String status) {}

    static byte[] ready(String username, String epoch, int pending) {
        return Json.write(new Ready(
                "ready",
                username,
                epoch,
                pending,
                Map.of(
                        "payload_chars_max", Limits.PAYLOAD_CHARS_MAX,
                        "unacked_max", Limits.UNACKED_PER_SOCKET_MAX,
                        "queue_events_max", Limits.QUEUE_EVENTS_MAX,
                        "queue_bytes_max", Limits.QUEUE_BYTES_MAX,
                        "ack_ids_max", Limits.ACK_IDS_MAX,
                        "idle_seconds", Limits.SOCKET_IDLE.toSeconds())));
    }

    static byte[] event(Event event) {
        EventView view = EventView.of(event);
        return Json.write(new EventFrame(
                "event",
                view.eventId(),
                view.seq(),
                view.fromUser(),
                view.group(),
                view.kind(),
                view.payload(),
                view.expiresAt()));
    }

    static byte[] receipt(String id, Receipt receipt) {
        return Json.write(new ReceiptFrame(
                "receipt",
                id,
                receipt.eventId().text(),
                SignalingRoutes.statusText(receipt.status()),
                receipt.expiresAt().toString()));
    }

    static byte[] groupReceipt(String id, FanOut safe) {
        return Json.write(new GroupReceiptFrame(
                "receipt",
                id,
                safe.eventId().text(),
                SignalingRoutes.statusText(Receipt.Status.STORED),
                safe.expiresAt().toString(),
                safe.stored(),
                safe.full()));
    }

    static byte[] refused(@Nullable String id, Refused refused) {
        int wait = refused.retryAfterSeconds();
        return Json.write(
                new RefusedFrame("refused", id, refused.reason().code(), refused.detail(), wait == 0 ? null : wait));
    }

    static byte[] pong() {
        return PONG.clone();
    }

    static byte[] roomJoined(String room, String you, List<String> members) {
        return Json.write(new RoomJoined("room.joined", room, you, members));
    }

    static byte[] roomMember(String room, String clientId, Tongue.Move move) {
        boolean isJoining = move == Tongue.Move.JOINED;
        return Json.write(
                new RoomMember("room.member", room, clientId, isJoining ? true : null, isJoining ? null : true));
    }

    static byte[] roomSignal(String room, String from, Signal signal) {
        return Json.write(new RoomSignalFrom("room.signal", room, from, signal.kind(), signal.payload()));
    }

    static byte[] presence(String username, String status) {
        return Json.write(new PresenceFrame("presence", username, status));
    }
}
