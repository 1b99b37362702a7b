// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.common.WebSocketSession;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.exception.MessageTooLargeException;
import org.eclipse.jetty.websocket.core.exception.WebSocketException;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.queue.Event;
import org.handshaker.queue.Receiver;
import org.handshaker.rooms.Occupant;
import org.handshaker.rooms.Tongue;
import org.handshaker.web.Flat;
import org.handshaker.web.Json;
import org.handshaker.web.TextMessage;
import org.handshaker.web.Turn;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket: reads frames, one at a time, and hands them to {@link Sockets}; sends frames without waiting for the
 * reader. Jetty demands that the class be public.
 */
public class SignalSocket extends Receiver implements Session.Listener.AutoDemanding, Occupant {
    /** Where this socket is in the life of its user; each step is made once, whoever comes first. */
    private enum Standing {
        OUTSIDE,
        INSIDE,
        GONE
    }

    final Sockets sockets;
    private final AtomicReference<Standing> standing = new AtomicReference<>(Standing.OUTSIDE);
    private final AtomicReference<@Nullable Long> closingSince = new AtomicReference<>();
    private final AtomicLong bytesOut = new AtomicLong();
    private final AtomicLong freeAcks = new AtomicLong();
    private final long openedNanos;
    private final AtomicBoolean isUnsigned = new AtomicBoolean();
    private final AtomicBoolean mustWrite = new AtomicBoolean();
    /**
     * Made and sent by whoever writes, because the commit thread, which tells of most, has other things to do. Every write, which
     * waits for nobody, empties it into what is under way, and that is bounded.
     */
    private final Queue<Supplier<byte[]>> receipts = new ConcurrentLinkedQueue<>();

    private final Object tellingReceipts = new Object();

    private volatile @Nullable Session session;
    private volatile @Nullable Caller caller;
    /** Guarded by this. */
    private boolean isGreeted;

    private volatile long lastHeardNanos;
    private volatile long lastPingNanos;
    private final TextMessage message;
    /** How much of a message came that is no text and is dropped; only the reading thread comes here. */
    private int binaryBytes;
    /** Only the reading thread comes here, and counts. */
    private final PerMinute malformed = new PerMinute(Limits.MALFORMED_FRAMES_MAX);

    private final PerMinute tooFast = new PerMinute(Limits.TOO_FAST_FRAMES_MAX);

    SignalSocket(Sockets sockets, @Nullable Caller caller) {
        this.sockets = sockets;
        this.caller = caller;
        this.message = new TextMessage(sockets.bytesIn);
        this.openedNanos = sockets.nanos();
        this.lastHeardNanos = openedNanos;
        this.lastPingNanos = openedNanos;
    }

    /** True where it has not said who it is. */
    boolean beginUnsigned() {
        isUnsigned.set(caller == null);
        return caller == null;
    }

    /** True once, for a socket that had not. */
    boolean endUnsigned() {
        return isUnsigned.getAndSet(false);
    }

    @Nullable
    Caller caller() {
        return caller;
    }

    /** Signed in; false when it has left meanwhile, and then whoever signed it in sees it out. */
    boolean enter() {
        return standing.compareAndSet(Standing.OUTSIDE, Standing.INSIDE);
    }

    /** Seen out, or never let in: nothing that it joins from now on would be left again. */
    boolean isGone() {
        return standing.get() == Standing.GONE;
    }

    /** Whether it was signed in, and so must be seen out by whoever calls. */
    boolean leave() {
        return standing.getAndSet(Standing.GONE) == Standing.INSIDE;
    }

    @Override
    public void onWebSocketOpen(Session opened) {
        session = opened;
        @Nullable Caller known = caller;
        sockets.opened(this);
        if (known == null) {
            askWho();
        } else if (!isClosing()) {
            signIn(known);
        }
    }

    /** Every frame of the peer's, or as much of it as has come, one at a time; Jetty has seen to their masks and their order. */
    @Override
    public void onWebSocketFrame(org.eclipse.jetty.websocket.api.Frame frame, Callback callback) {
        Turn.goesOn();
        try {
            // Whoever was told to go is not listened to any more.
            if (!isClosing()) {
                lastHeardNanos = sockets.nanos();
                switch (frame.getEffectiveOpCode()) {
                    case OpCode.TEXT -> {
                        int bytesMax = caller == null ? Limits.SIGN_IN_FRAME_BYTES_MAX : Limits.FRAME_BYTES_MAX;
                        byte @Nullable [] text =
                                message.add(frame.getPayload(), frame.isFin(), bytesMax, lastHeardNanos);
                        if (text != null) {
                            heard(text);
                        }
                    }
                    case OpCode.BINARY -> binary(frame.getPayload().remaining(), frame.isFin());
                    case OpCode.PING -> ping(frame.getPayload());
                    default -> {
                        // A pong was its sign of life; to a close Jetty has the answer.
                    }
                }
            }
            callback.succeed();
        } catch (WebSocketException unreadable) {
            callback.fail(unreadable);
        } catch (Refused busy) {
            close(CloseCode.SHUTTING_DOWN);
            callback.succeed();
        }
    }

    private void heard(byte[] text) {
        @Nullable Caller known = caller;
        if (known == null) {
            authenticate(text);
            return;
        }
        try {
            handle(known, text);
        } catch (Refused refused) {
            refuse(idOf(text), refused);
        } catch (RuntimeException bug) {
            refuse(idOf(text), Reason.INTERNAL.refuse());
        }
    }

    /** By which its sender knows a frame that was refused. */
    private static @Nullable String idOf(byte[] text) {
        try {
            @Nullable String id = Json.peek(text, "id");
            return id == null || id.length() > Limits.EVENT_ID_CHARS_MAX ? null : id;
        } catch (Refused unreadable) {
            return null;
        }
    }

    /** Said to whoever has not signed in yet. */
    void askWho() {}

    /** The token in the first frame. */
    String token(byte[] text) {
        return Frames.Auth.of(text).token();
    }

    void handle(Caller known, byte[] text) {
        Flat frame = Json.flat(text);
        switch (String.valueOf(frame.maybeText("type"))) {
            case "send" -> send(known, Frames.Send.of(frame));
            case "ack" -> sockets.ack(this, known, Frames.Ack.of(frame));
            case "ping" -> {
                sockets.countFrame(known);
                frame.end();
                sendFrame(Frames.pong());
            }
            case "presence" -> sockets.choosePresence(known, Frames.PresenceChoice.of(frame));
            case "room.join" -> sockets.joinRoom(this, known, Frames.RoomMove.of(frame));
            case "room.signal" -> sockets.signalRoom(this, known, Frames.RoomSignal.of(frame));
            case "room.leave" -> sockets.leaveRoom(this, known, Frames.RoomMove.of(frame));
            default -> throw Reason.MALFORMED.refuse("There is no such frame.");
        }
    }

    /** The first frame signs in, and whatever else it is, there is no second. */
    private void authenticate(byte[] text) {
        try {
            Caller signedIn = sockets.authenticate(token(text));
            caller = signedIn;
            sockets.noLongerUnsigned(this);
            signIn(signedIn);
        } catch (Refused refused) {
            turnAway(refused);
            close(refused.reason() == Reason.BUSY ? CloseCode.SHUTTING_DOWN : CloseCode.NOT_SIGNED_IN);
        } catch (RuntimeException bug) {
            close(CloseCode.SHUTTING_DOWN);
        }
    }

    /** Said before the close, to whoever could not sign in. */
    void turnAway(Refused refused) {}

    void enterAs(Caller signedIn) {
        sockets.signedIn(this, signedIn);
    }

    /** Undoes what {@link #enterAs} did for the user. */
    void seeOut(Id user) {
        sockets.seeOut(this, user);
    }

    private void signIn(Caller signedIn) {
        try {
            enterAs(signedIn);
        } catch (Refused refused) {
            refuse(null, refused);
            close(
                    switch (refused.reason()) {
                        case TOO_MANY_SOCKETS, TOO_MANY_ROOMS, ROOM_FULL -> CloseCode.TOO_FAST;
                        case NOT_FOUND -> CloseCode.NO_SUCH_ROOM;
                        case SESSION_REVOKED -> CloseCode.REVOKED;
                        // The session stands: only this moment is wrong.
                        default -> CloseCode.SHUTTING_DOWN;
                    });
        }
    }

    private void send(Caller known, Frames.Send send) {
        // The id alone: the payload is not kept for as long as the receipt takes.
        String id = send.id();
        var unused = sockets.send(known, send).whenComplete((receipt, failed) -> {
            if (failed == null) {
                receipts.add(receipt);
                writeSoon();
                return;
            }
            @Nullable Throwable cause = failed instanceof CompletionException ? failed.getCause() : failed;
            sendRefusal(id, cause instanceof Refused no ? no : Reason.INTERNAL.refuse());
        });
    }

    private void sendRefusal(@Nullable String id, Refused refused) {
        sockets.refused(refused.reason());
        sendFrame(refusal(id, refused));
    }

    byte[] refusal(@Nullable String id, Refused refused) {
        return Frames.refused(id, refused);
    }

    private void refuse(@Nullable String id, Refused refused) {
        long now = sockets.nanos();
        boolean isThirdMalformed = refused.reason() == Reason.MALFORMED && malformed.isFullWith(now);
        boolean isHammering = refused.reason() == Reason.TOO_FAST && tooFast.isFullWith(now);
        sendRefusal(id, refused);
        if (isThirdMalformed) {
            close(CloseCode.MALFORMED);
        } else if (isHammering) {
            close(CloseCode.TOO_FAST);
        }
    }

    private void binary(int more, boolean isLast) {
        if (more > Limits.FRAME_BYTES_MAX - binaryBytes) {
            throw new MessageTooLargeException("too large");
        }
        binaryBytes = isLast ? 0 : binaryBytes + more;
        if (caller == null) {
            close(CloseCode.NOT_SIGNED_IN);
        } else if (isLast) {
            refuse(null, Reason.MALFORMED.refuse("Frames are text."));
        }
    }

    /** Answered here and not by Jetty, so that it has its price. */
    private void ping(ByteBuffer payload) {
        @Nullable Caller known = caller;
        try {
            if (known != null) {
                sockets.countFrame(known);
            }
            // A copy: what Jetty read into is used again before this is written.
            gather(
                    OpCode.PONG,
                    ByteBuffer.allocate(payload.remaining()).put(payload).flip());
            writeSoon();
        } catch (Refused refused) {
            refuse(null, refused);
        }
    }

    @Override
    public void onWebSocketError(Throwable cause) {
        // Jetty closes the socket and says so; what it was about is nobody's business here.
        closingSince.compareAndSet(null, sockets.nanos());
    }

    @Override
    public void onWebSocketClose(int statusCode, @Nullable String reason, Callback callback) {
        closingSince.compareAndSet(null, sockets.nanos());
        message.end();
        sockets.closed(this);
        callback.succeed();
    }

    @Override
    protected void push(Event event) {
        freeAcks.incrementAndGet();
        sendPadded(sockets.paddedMail(Frames.event(event)));
    }

    @Override
    protected void soon(Runnable look) {
        if (!Turn.atEnd(look)) {
            look.run();
        }
    }

    /** One for each event that was pushed. */
    boolean mayAckFreely() {
        return freeAcks.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
    }

    /** One step with being greeted: whoever has read {@code ready} hears all news after it. */
    synchronized void greet(byte[] ready) {
        sendFrame(ready);
        isGreeted = true;
    }

    /** News that only whoever was greeted expects. */
    synchronized void tell(byte[] json) {
        if (isGreeted) {
            sendFrame(json);
        }
    }

    @Override
    public Tongue tongue() {
        return sockets.ownTongue();
    }

    /** A frame of a room, padded once for all who hear it. */
    @Override
    public void hear(byte[] frame) {
        sendPadded(frame);
    }

    void sendFrame(byte[] json) {
        sendPadded(sockets.padded(json));
    }

    private void sendPadded(byte[] padded) {
        gather(OpCode.TEXT, ByteBuffer.wrap(padded));
        writeSoon();
    }

    /** Takes without waiting; a reader who lets too much pile up is cut off and comes back to its queue. */
    private void gather(byte opcode, ByteBuffer payload) {
        @Nullable Session open = session;
        if (open == null || !open.isOpen()) {
            return;
        }
        int length = payload.remaining() + Limits.FRAME_OUT_BYTES;
        long here = bytesOut.addAndGet(length);
        long everywhere = sockets.bytesOut.addAndGet(length);
        if (here > Limits.bytesOutMax(everywhere)) {
            written(length);
            open.disconnect();
            return;
        }
        core(open)
                .sendFrame(
                        new Frame(opcode, payload),
                        org.eclipse.jetty.util.Callback.from(() -> written(length), slow -> {
                            written(length);
                            open.disconnect();
                        }),
                        true);
    }

    private void writeSoon() {
        if (mustWrite.compareAndSet(false, true)) {
            sockets.writeSoon(this);
        }
    }

    /** What was sent so far goes out, in one piece where it is small. */
    void write() {
        mustWrite.set(false);
        sendReceipts();
        @Nullable Session open = session;
        if (open != null) {
            core(open).flush(org.eclipse.jetty.util.Callback.NOOP);
        }
    }

    /** One thread at a time, so that they come in the order in which events became safe. */
    private void sendReceipts() {
        synchronized (tellingReceipts) {
            for (@Nullable Supplier<byte[]> next = receipts.poll(); next != null; next = receipts.poll()) {
                gather(OpCode.TEXT, ByteBuffer.wrap(next.get()));
            }
        }
    }

    /** Below the API that sends each frame for itself. */
    private static CoreSession core(Session session) {
        return ((WebSocketSession) session).getCoreSession();
    }

    private void written(int length) {
        bytesOut.addAndGet(-length);
        sockets.bytesOut.addAndGet(-length);
    }

    private boolean isClosing() {
        return closingSince.get() != null;
    }

    /** Says why, then closes; whoever does not answer the close is cut off soon after. */
    void close(CloseCode why) {
        @Nullable Session open = session;
        if (open != null && closingSince.compareAndSet(null, sockets.nanos())) {
            message.end();
            // After a close nothing more is heard.
            sendReceipts();
            open.close(why.code, why.text, Callback.from(() -> {}, gone -> open.disconnect()));
        }
    }

    void disconnect() {
        @Nullable Session open = session;
        if (open != null) {
            open.disconnect();
        }
    }

    /** Every second: signs of life, and an end to those without. */
    void tick() {
        @Nullable Session open = session;
        if (open == null) {
            return;
        }
        long now = sockets.nanos();
        @Nullable Long closing = closingSince.get();
        if (closing != null) {
            if (now - closing > Limits.SOCKET_CLOSE_WAIT.toNanos()) {
                open.disconnect();
            }
        } else if (now - lastHeardNanos >= Limits.SOCKET_IDLE.toNanos() || message.isOverdue(now)) {
            close(CloseCode.IDLE);
        } else if (caller == null && now - openedNanos >= Limits.SOCKET_SIGN_IN_WAIT.toNanos()) {
            close(CloseCode.NOT_SIGNED_IN);
        } else if (now - lastPingNanos >= Limits.SOCKET_PING.toNanos()) {
            lastPingNanos = now;
            open.sendPing(ByteBuffer.allocate(0), Callback.NOOP);
        }
    }
}
