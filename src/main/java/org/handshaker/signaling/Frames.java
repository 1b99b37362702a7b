// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.handshaker.core.Limits;
import org.handshaker.core.Refused;
import org.handshaker.queue.Event;
import org.handshaker.queue.FanOut;
import org.handshaker.queue.Receipt;
import org.handshaker.rooms.Signal;
import org.handshaker.rooms.Tongue;
import org.handshaker.web.Flat;
import org.handshaker.web.Json;
import org.handshaker.web.Padding;
import org.jspecify.annotations.Nullable;

/** The frames of {@code /ws}: what clients may send, read strictly, and what the relay sends. */
final class Frames {
    private static final byte[] PONG = "{\"type\":\"pong\"}".getBytes(StandardCharsets.US_ASCII);

    /** What an event's frame says beside the payload, and a receipt in all, where ids are of usual length. */
    private static final int EVENT_BYTES_BESIDE = 320;

    private static final int RECEIPT_BYTES = 320;

    private Frames() {}

    /** From the client: signs a socket in. */
    record Auth(String token) {
        static Auth of(byte[] text) {
            Flat frame = Json.flat(text);
            var unused = frame.text("type");
            Auth auth = new Auth(frame.text("token"));
            frame.end();
            return auth;
        }

        @Override
        public String toString() {
            return "Auth";
        }
    }

    record Send(
            String id,
            @Nullable String toUser,
            @Nullable String group,
            @Nullable Long groupEpoch,
            String kind,
            String payload,
            @Nullable Long ttl) {
        static Send of(Flat frame) {
            Send send = new Send(
                    frame.text("id"),
                    frame.maybeText("to_user"),
                    frame.maybeText("group"),
                    frame.maybeNumber("group_epoch"),
                    frame.text("kind"),
                    frame.text("payload"),
                    frame.maybeNumber("ttl"));
            frame.end();
            return send;
        }
    }

    record Ack(@Nullable Long upTo, @Nullable List<String> eventIds) {
        static Ack of(Flat frame) {
            Ack ack = new Ack(frame.maybeNumber("up_to"), frame.maybeTexts("event_ids"));
            frame.end();
            return ack;
        }
    }

    record PresenceChoice(String status) {
        static PresenceChoice of(Flat frame) {
            PresenceChoice choice = new PresenceChoice(frame.text("status"));
            frame.end();
            return choice;
        }
    }

    /** To join a room, or to leave it. */
    record RoomMove(String room) {
        static RoomMove of(Flat frame) {
            RoomMove move = new RoomMove(frame.text("room"));
            // By which a refusal would name it.
            var unused = frame.maybeText("id");
            frame.end();
            return move;
        }
    }

    record RoomSignal(String room, String kind, @Nullable String to, String payload) {
        static RoomSignal of(Flat frame) {
            RoomSignal signal = new RoomSignal(
                    frame.text("room"), frame.text("kind"), frame.maybeText("to"), frame.text("payload"));
            var unused = frame.maybeText("id");
            frame.end();
            return signal;
        }
    }

    /** To the client: signed in, and what the relay will take. */
    private record Ready(String type, String username, String epoch, int pending, Map<String, Object> limits) {}

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

    static Json.Writing event(Event event) {
        return Json.object(Math.max(Padding.MAIL_BYTES_MIN, event.payload().length() + EVENT_BYTES_BESIDE))
                .put("type", "event")
                .put("event_id", event.eventId().text())
                .put("seq", event.seq())
                .put("from_user", event.from() == null ? null : event.from().at())
                .put("group", event.group())
                .put("kind", event.kind())
                .put("payload", event.payload())
                .put("expires_at", event.expiresAt().toString());
    }

    static Json.Writing receipt(String id, Receipt receipt) {
        return Json.object(RECEIPT_BYTES)
                .put("type", "receipt")
                .put("id", id)
                .put("event_id", receipt.eventId().text())
                .put("status", SignalingRoutes.statusText(receipt.status()))
                .put("expires_at", receipt.expiresAt().toString());
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
