// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.rooms.Signal;
import org.handshaker.rooms.Tongue;
import org.handshaker.web.Json;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket that is in one room and speaks the protocol of an earlier server. It has no part in its user's queue or
 * presence. Fields that it does not know it passes over: earlier clients sent more than anybody wrote down. Jetty demands
 * that the class be public.
 */
public final class EarlierSocket extends SignalSocket {
    private static final Pattern RANDOM_UUID =
            Pattern.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}");

    private final Id room;
    /** Only the thread that reads comes here. */
    private @Nullable String wish;

    EarlierSocket(Sockets sockets, @Nullable Caller caller, Id room) {
        super(sockets, caller);
        this.room = room;
    }

    /**
     * The room of a path. Earlier clients drew their own ids, so one that is there by its form alone is taken: 22 characters
     * as the relay draws them, or a random UUID (RFC 9562, version 4). What can be guessed is no id: {@code not_found}.
     */
    static Id room(String text) {
        if (!RANDOM_UUID.matcher(text).matches()) {
            return Id.parse(text);
        }
        UUID uuid = UUID.fromString(text);
        return Id.of(ByteBuffer.allocate(Id.BYTES)
                .putLong(uuid.getMostSignificantBits())
                .putLong(uuid.getLeastSignificantBits())
                .array());
    }

    @Override
    void askWho() {
        sendFrame(EarlierTongue.bare("auth_required"));
    }

    @Override
    String token(byte[] text) {
        Map<String, Object> frame = map(text);
        if (!"auth_token".equals(frame.get("type")) || !(frame.get("token") instanceof String token)) {
            throw Reason.NOT_SIGNED_IN.refuse();
        }
        wish = frame.get("clientId") instanceof String wanted ? wanted : null;
        return token;
    }

    @Override
    void turnAway(Refused refused) {
        sendFrame(EarlierTongue.refused(refused));
    }

    @Override
    void enterAs(Caller signedIn) {
        sockets.signedIn(this, signedIn, room, wish);
    }

    @Override
    void seeOut(Id user) {
        // Neither the queue nor presence knows of it.
    }

    @Override
    void handle(Caller known, byte[] text) {
        Map<String, Object> frame = map(text);
        if (!(frame.get("type") instanceof String type)) {
            throw Reason.MALFORMED.refuse("A frame has a type.");
        }
        switch (type) {
            case "ping" -> {
                sockets.countFrame(known);
                sendFrame(EarlierTongue.bare("pong"));
            }
            case "offer", "answer", "ice_candidate" -> sockets.signalRoom(this, known, room, signal(type, frame));
            default -> throw Reason.MALFORMED.refuse("There is no such frame.");
        }
    }

    private static Map<String, Object> map(byte[] text) {
        return Json.map(new String(text, StandardCharsets.UTF_8));
    }

    private static Signal signal(String kind, Map<String, Object> frame) {
        String field = EarlierTongue.FIELDS.getOrDefault(kind, kind);
        @Nullable Object to = frame.get("to");
        if (!frame.containsKey(field) || !(to == null || to instanceof String)) {
            throw Reason.MALFORMED.refuse("A signal has what it is called by, and \"to\" is a client id.");
        }
        @Nullable Object content = frame.get(field);
        if (content == null) {
            // The end of candidates, as browsers write it.
            return new Signal(kind, (String) to, "null");
        }
        return new Signal(kind, (String) to, content instanceof String sealed ? sealed : Json.text(content));
    }

    @Override
    byte[] refusal(@Nullable String id, Refused refused) {
        return EarlierTongue.refused(refused);
    }

    @Override
    public Tongue tongue() {
        return sockets.earlierTongue();
    }
}
