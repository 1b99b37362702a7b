// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import static org.handshaker.web.Access.USER;

import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.handshaker.core.Cost;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.presence.Status;
import org.handshaker.queue.FanOut;
import org.handshaker.queue.Kind;
import org.handshaker.queue.Receipt;
import org.handshaker.web.Call;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.jspecify.annotations.Nullable;

/** Sending over HTTP, heartbeats of those who poll, TURN credentials, and the sockets under all their names. */
public final class SignalingRoutes {
    private final Signaling signaling;
    private final Sockets sockets;
    private final TurnCredentials turn;
    private final InstantSource time;

    public SignalingRoutes(Signaling signaling, Sockets sockets, TurnCredentials turn, InstantSource time) {
        this.signaling = signaling;
        this.sockets = sockets;
        this.turn = turn;
        this.time = time;
    }

    public List<Route> routes() {
        return List.of(
                Route.postLater("/signaling/send", USER, this::sendSignal)
                        .costs(Cost.SEND)
                        .bodyMax(Limits.EVENT_BODY_BYTES_MAX),
                Route.postLater("/events", USER, this::sendEvent)
                        .costs(Cost.SEND)
                        .bodyMax(Limits.EVENT_BODY_BYTES_MAX),
                Route.get("/signaling/ice-servers", USER, call -> Reply.ok(turn.issue(time.instant()))),
                Route.post("/presence/heartbeat", USER, this::heartbeat).costs(Cost.READ),
                Route.socket("/ws", sockets::open),
                Route.socket("/signaling/ws", sockets::open),
                Route.socket("/ws/{room}", sockets::openEarlier),
                Route.socket("/rooms/{room}/ws", sockets::openEarlier));
    }

    private record HeartbeatBody(String status) {}

    /** @param expiresIn seconds for which it holds at least */
    private record Beating(long expiresIn) {}

    private Reply heartbeat(Call call) {
        sockets.heartbeat(
                call.caller(), Status.parse(call.body(HeartbeatBody.class).status()));
        return Reply.ok(new Beating(Limits.HEARTBEAT_LIFE.toSeconds()));
    }

    record SignalBody(String toUser, String type, String encryptedPayload, @Nullable String id) {}

    record EventBody(
            @Nullable String toUser,
            @Nullable String group,
            @Nullable Long groupEpoch,
            String kind,
            String payload,
            @Nullable String id,
            @Nullable Long ttl) {}

    record ReceiptAnswer(String eventId, String status, String expiresAt) {
        static ReceiptAnswer of(Receipt receipt) {
            return new ReceiptAnswer(
                    receipt.eventId().text(),
                    statusText(receipt.status()),
                    receipt.expiresAt().toString());
        }
    }

    /** For a group: how many queues hold it, and how many had no room. */
    record GroupReceiptAnswer(String eventId, String status, String expiresAt, int members, int membersFull) {
        static GroupReceiptAnswer of(FanOut safe) {
            return new GroupReceiptAnswer(
                    safe.eventId().text(),
                    statusText(Receipt.Status.STORED),
                    safe.expiresAt().toString(),
                    safe.stored(),
                    safe.full());
        }
    }

    static String statusText(Receipt.Status status) {
        return switch (status) {
            case DELIVERED -> "delivered";
            case STORED -> "stored";
        };
    }

    private CompletionStage<Reply> sendSignal(Call call) {
        SignalBody body = call.body(SignalBody.class);
        return signaling
                .send(call.user(), body.toUser(), Kind.signal(body.type()), body.encryptedPayload(), body.id(), null)
                .thenApply(receipt -> Reply.accepted(ReceiptAnswer.of(receipt)));
    }

    private CompletionStage<Reply> sendEvent(Call call) {
        EventBody body = call.body(EventBody.class);
        requireOneTarget(body.toUser(), body.group(), body.groupEpoch());
        Kind kind = new Kind(body.kind());
        if (body.group() != null) {
            sockets.countFanOut(call.caller());
            return signaling
                    .sendToGroup(
                            call.user(), body.group(), body.groupEpoch(), kind, body.payload(), body.id(), body.ttl())
                    .thenApply(safe -> Reply.accepted(GroupReceiptAnswer.of(safe)));
        }
        return signaling
                .send(call.user(), String.valueOf(body.toUser()), kind, body.payload(), body.id(), body.ttl())
                .thenApply(receipt -> Reply.accepted(ReceiptAnswer.of(receipt)));
    }

    /** An event goes to a user or to a group in one of its epochs. */
    static void requireOneTarget(@Nullable String toUser, @Nullable String group, @Nullable Long groupEpoch) {
        if ((toUser == null) == (group == null)) {
            throw Reason.MALFORMED.refuse("Give either to_user or group.");
        }
        if ((group == null) != (groupEpoch == null)) {
            throw Reason.MALFORMED.refuse("What goes to a group, and nothing else, says its group_epoch.");
        }
    }
}
