// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.handshaker.core.Refused;
import org.handshaker.rooms.Signal;
import org.handshaker.rooms.Tongue;
import org.handshaker.web.Json;
import org.jspecify.annotations.Nullable;

/**
 * The frames of the earlier room protocol; those of a room are padded. A session description or candidate is an object there and a string to
 * everybody else, so that clients of both protocols understand each other in one room.
 */
final class EarlierTongue implements Tongue {
    /** What the earlier protocol calls the field that holds it, by kind. */
    static final Map<String, String> FIELDS =
            Map.of("offer", "offer", "answer", "answer", "ice_candidate", "candidate", "ice", "candidate");

    private final Sockets sockets;

    EarlierTongue(Sockets sockets) {
        this.sockets = sockets;
    }

    @Override
    public List<byte[]> joined(String room, String you, List<String> members) {
        List<String> others =
                members.stream().filter(member -> !member.equals(you)).toList();
        return List.of(
                frame("auth_success", Map.of("clientId", you, "room", room)),
                frame("users_in_room", Map.of("users", others)));
    }

    @Override
    public byte[] moved(String room, String clientId, Move move) {
        return frame(
                switch (move) {
                    case JOINED -> "user_joined";
                    case LEFT -> "user_left";
                },
                Map.of("clientId", clientId));
    }

    @Override
    public byte[] signal(String room, String from, Signal signal) {
        @Nullable String field = FIELDS.get(signal.kind());
        if (field == null) {
            // Never as its own type: a member could speak in the relay's name.
            return frame("signal", Map.of("kind", signal.kind(), "payload", signal.payload(), "from", from));
        }
        Map<String, Object> members = new LinkedHashMap<>();
        members.put(field, object(signal.payload()));
        members.put("from", from);
        return frame(signal.kind().equals("ice") ? "ice_candidate" : signal.kind(), members);
    }

    private static Object object(String payload) {
        try {
            return Json.map(payload);
        } catch (Refused sealed) {
            return payload;
        }
    }

    static byte[] refused(Refused refused) {
        return written("error", Map.of("code", refused.reason().code(), "message", refused.detail()));
    }

    static byte[] bare(String type) {
        return written(type, Map.of());
    }

    private byte[] frame(String type, Map<String, Object> members) {
        return sockets.padded(written(type, members));
    }

    private static byte[] written(String type, Map<String, Object> members) {
        Map<String, Object> frame = new LinkedHashMap<>();
        frame.put("type", type);
        frame.putAll(members);
        return Json.write(frame);
    }
}
