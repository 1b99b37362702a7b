// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.handshaker.connections.Connections;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.directory.User;
import org.handshaker.groups.Groups;
import org.handshaker.queue.FanOut;
import org.handshaker.queue.Kind;
import org.handshaker.queue.Offer;
import org.handshaker.queue.Queue;
import org.handshaker.queue.Receipt;
import org.handshaker.queue.Right;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** The rules of sending, the same for HTTP and the socket. */
public final class Signaling {
    private final Directory directory;
    private final Connections connections;
    private final Groups groups;
    private final Queue queue;

    public Signaling(Directory directory, Connections connections, Groups groups, Queue queue) {
        this.directory = directory;
        this.connections = connections;
        this.groups = groups;
        this.queue = queue;
    }

    /**
     * Sends one event to a connection.
     *
     * @param clientId the sender's own id for it, 1 to 128 characters, by which a retry is known
     * @param ttlSeconds asked life in seconds, 1 to 30 days
     */
    public CompletableFuture<Receipt> send(
            Id sender, String to, Kind kind, String payload, @Nullable String clientId, @Nullable Long ttlSeconds) {
        Duration ttl = requireFit(payload, clientId, ttlSeconds);
        // A name that nobody has gets an id that nobody has: then it is refused as a stranger is, after the same
        // questions.
        Directory.Sought sought = directory.seek(Username.parse(to));
        Id target = sought.user().map(User::id).orElseGet(Id::random);
        if (!connections.areConnected(sender, target)) {
            sought.beforeNo().run();
            throw Reason.NOT_CONNECTED.refuse();
        }
        User self = directory.byId(sender).orElseThrow(Reason.NOT_SIGNED_IN::refuse);
        Offer offer = new Offer(sender, self.name(), target, kind, payload, clientId, ttl);
        // Asked again at the queue's door: the two may part this very moment.
        return queue.offer(offer, new WhileConnected(sender, target));
    }

    /**
     * Sends one event to all others of a group. It is committed at once.
     *
     * @param epoch of the group, for which it was sealed
     */
    public CompletableFuture<FanOut> sendToGroup(
            Id sender,
            String group,
            @Nullable Long epoch,
            Kind kind,
            String payload,
            @Nullable String clientId,
            @Nullable Long ttlSeconds) {
        if (epoch == null) {
            throw Reason.MALFORMED.refuse("What goes to a group says its group_epoch.");
        }
        Duration ttl = requireFit(payload, clientId, ttlSeconds);
        return groups.send(sender, group, epoch, kind, payload, clientId, ttl);
    }

    private static @Nullable Duration requireFit(String payload, @Nullable String clientId, @Nullable Long ttlSeconds) {
        requirePayload(payload);
        if (clientId != null) {
            requireId(clientId);
        }
        if (ttlSeconds != null && (ttlSeconds < 1 || ttlSeconds > Limits.EVENT_TTL_MAX.toSeconds())) {
            throw Reason.MALFORMED.refuse("A ttl is 1 second to 30 days.");
        }
        return ttlSeconds == null ? null : Duration.ofSeconds(ttlSeconds);
    }

    private final class WhileConnected implements Right {
        private final Id sender;
        private final Id target;

        WhileConnected(Id sender, Id target) {
            this.sender = sender;
            this.target = target;
        }

        @Override
        public void require() {
            requireConnected(sender, target);
        }

        @Override
        public void require(Handle handle) {
            if (!connections.areConnected(handle, sender, target)) {
                throw Reason.NOT_CONNECTED.refuse();
            }
        }
    }

    private void requireConnected(Id sender, Id target) {
        if (!connections.areConnected(sender, target)) {
            throw Reason.NOT_CONNECTED.refuse();
        }
    }

    static void requirePayload(String payload) {
        if (payload.length() > Limits.PAYLOAD_CHARS_MAX) {
            throw Reason.TOO_LARGE.refuse("A payload has at most " + Limits.PAYLOAD_CHARS_MAX + " characters.");
        }
        requireWhole(payload);
    }

    private static void requireId(String clientId) {
        if (clientId.isEmpty() || clientId.length() > Limits.EVENT_ID_CHARS_MAX) {
            throw Reason.MALFORMED.refuse("An id has 1 to " + Limits.EVENT_ID_CHARS_MAX + " characters.");
        }
        requireWhole(clientId);
    }

    /** As UTF-8 half a surrogate pair comes out as something else: another payload, or the id of another event. */
    private static void requireWhole(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                boolean isPair = Character.isHighSurrogate(c)
                        && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1));
                if (!isPair) {
                    throw Reason.MALFORMED.refuse("This is not valid Unicode.");
                }
                i++;
            }
        }
    }
}
