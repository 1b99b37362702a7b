// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.handshaker.web.Access.USER;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.web.Call;
import org.handshaker.web.Padding;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.jspecify.annotations.Nullable;

/** Reading and acking the queue over HTTP: section 4 of the contract, less the sending. */
public final class QueueRoutes {
    /** The most ids one ack names, and the fields beside them. */
    private static final int ACK_BYTES_MAX = 32 * Limits.ACK_IDS_MAX;

    private final Queue queue;
    private final Predicate<Caller> isLive;

    /** @param isLive whether a caller's session still stands */
    public QueueRoutes(Queue queue, Predicate<Caller> isLive) {
        this.queue = queue;
        this.isLive = isLive;
    }

    public List<Route> routes() {
        return List.of(
                Route.getLater("/events", USER, this::events),
                Route.postLater("/events/ack", USER, this::ack).bodyMax(ACK_BYTES_MAX),
                Route.getLater("/signaling/poll", USER, this::signals),
                Route.deleteLater("/signaling/clear", USER, this::clear));
    }

    /** An event on the wire, in answers and in {@code event} frames. */
    public record EventView(
            String eventId,
            long seq,
            @Nullable String fromUser,
            @Nullable String group,
            String kind,
            String payload,
            String expiresAt) {
        public static EventView of(Event event) {
            return new EventView(
                    event.eventId().text(),
                    event.seq(),
                    event.from() == null ? null : event.from().at(),
                    event.group(),
                    event.kind(),
                    event.payload(),
                    event.expiresAt().toString());
        }
    }

    record EventsAnswer(List<EventView> events, String epoch, long expired, boolean more) {}

    /** A signal as the earlier clients know it. */
    record Signal(
            String eventId,
            long seq,
            @Nullable String fromUser,
            @Nullable String group,
            String type,
            String encryptedPayload,
            String expiresAt) {
        static Signal of(Event event) {
            return new Signal(
                    event.eventId().text(),
                    event.seq(),
                    event.from() == null ? null : event.from().at(),
                    event.group(),
                    event.kind(),
                    event.payload(),
                    event.expiresAt().toString());
        }
    }

    record SignalsAnswer(List<Signal> messages, String epoch) {}

    record Ack(@Nullable Long upTo, @Nullable List<String> eventIds, @Nullable String epoch) {
        Ack {
            if ((upTo == null) == (eventIds == null) || (upTo != null && upTo < 0)) {
                throw Reason.MALFORMED.refuse("Give either up_to or event_ids.");
            }
            if (eventIds != null && (eventIds.size() > Limits.ACK_IDS_MAX || eventIds.contains(null))) {
                throw Reason.MALFORMED.refuse("An ack names at most " + Limits.ACK_IDS_MAX + " ids.");
            }
        }
    }

    record Removed(int removed) {}

    record Deleted(int deleted) {}

    private CompletionStage<Reply> events(Call call) {
        return poll(call, Wanted.EVERYTHING).thenApply(page -> Reply.ok(new EventsAnswer(
                        page.events().stream().map(EventView::of).toList(), queue.epoch(), page.expired(), page.more()))
                .atLeast(Padding.MAIL_BYTES_MIN));
    }

    private CompletionStage<Reply> signals(Call call) {
        return poll(call, Wanted.SIGNALS).thenApply(page -> Reply.ok(
                        new SignalsAnswer(page.events().stream().map(Signal::of).toList(), queue.epoch()))
                .atLeast(Padding.MAIL_BYTES_MIN));
    }

    /** The ack goes first, in the same round trip; the answer does not come before it is done. */
    private CompletionStage<Page> poll(Call call, Wanted wanted) {
        Duration wait = Duration.ofSeconds(call.queryLong("wait", 0, Limits.POLL_WAIT_SECONDS_MAX, 0));
        int limit = (int) call.queryLong("limit", 1, Limits.POLL_EVENTS_MAX, Limits.POLL_EVENTS_MAX);
        long ack = call.queryLong("ack", 0, Long.MAX_VALUE, 0);
        queue.requireEpoch(call.query("epoch"));
        Id owner = call.user();
        CompletionStage<Page> page = ack == 0
                ? queue.poll(owner, wanted, limit, wait)
                : queue.ackUpTo(owner, wanted, ack).thenCompose(removed -> queue.poll(owner, wanted, limit, wait));
        return wait.isZero() ? page : page.thenApply(found -> stillFor(call.caller(), found));
    }

    /** A session that ended while its poll waited gets nothing that came since. */
    private Page stillFor(Caller caller, Page found) {
        if (!found.events().isEmpty() && !isLive.test(caller)) {
            throw Reason.NOT_SIGNED_IN.refuse();
        }
        return found;
    }

    private CompletionStage<Reply> ack(Call call) {
        Ack ack = call.body(Ack.class);
        queue.requireEpoch(ack.epoch());
        return ack(queue, call.user(), ack.upTo(), ack.eventIds()).thenApply(removed -> Reply.ok(new Removed(removed)));
    }

    /** What both surfaces understand by an ack; an id that cannot be one removes nothing. */
    public static CompletionStage<Integer> ack(
            Queue queue, Id owner, @Nullable Long upTo, @Nullable List<String> eventIds) {
        if (upTo != null) {
            return queue.ackUpTo(owner, Wanted.EVERYTHING, upTo);
        }
        List<Id> ids = eventIds == null
                ? List.of()
                : eventIds.stream().flatMap(text -> parse(text).stream()).toList();
        return queue.ack(owner, ids);
    }

    private static List<Id> parse(String text) {
        try {
            return List.of(Id.parse(text));
        } catch (Refused impossible) {
            return List.of();
        }
    }

    private CompletionStage<Reply> clear(Call call) {
        return queue.clearSignals(call.user()).thenApply(deleted -> Reply.ok(new Deleted(deleted)));
    }
}
