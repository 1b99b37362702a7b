// SPDX-License-Identifier: MIT
package org.handshaker.signaling;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.handshaker.connections.Connections;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.directory.User;
import org.handshaker.queue.Kind;
import org.handshaker.queue.Offer;
import org.handshaker.queue.Queue;
import org.handshaker.queue.Receipt;
import org.jspecify.annotations.Nullable;

/** The rules of sending, the same for HTTP and the socket. */
public final class Signaling {
    private final Directory directory;
    private final Connections connections;
    private final Queue queue;

    public Signaling(Directory directory, Connections connections, Queue queue) {
        this.directory = directory;
        this.connections = connections;
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
        requireWhole(payload);
        if (clientId != null && (clientId.isEmpty() || clientId.length() > Limits.EVENT_ID_CHARS_MAX)) {
            throw Reason.MALFORMED.refuse("An id has 1 to " + Limits.EVENT_ID_CHARS_MAX + " characters.");
        }
        if (ttlSeconds != null && (ttlSeconds < 1 || ttlSeconds > Limits.EVENT_TTL_MAX.toSeconds())) {
            throw Reason.MALFORMED.refuse("A ttl is 1 second to 30 days.");
        }
        Id target = requireConnected(sender, Username.parse(to));
        User self = directory.byId(sender).orElseThrow(Reason.NOT_SIGNED_IN::refuse);
        return queue.offer(new Offer(
                sender,
                self.name(),
                target,
                kind,
                payload,
                clientId,
                ttlSeconds == null ? null : Duration.ofSeconds(ttlSeconds)));
    }

    /** A stranger and a name that nobody has are the same refusal after the same questions. */
    private Id requireConnected(Id sender, Username to) {
        Optional<User> target = directory.find(to);
        Id id = target.map(User::id).orElseGet(Id::random);
        if (!connections.areConnected(sender, id)) {
            throw Reason.NOT_CONNECTED.refuse();
        }
        return id;
    }

    /** A payload is stored as UTF-8: half a surrogate pair would come out as something else. */
    private static void requireWhole(String payload) {
        if (payload.length() > Limits.PAYLOAD_CHARS_MAX) {
            throw Reason.TOO_LARGE.refuse("A payload has at most " + Limits.PAYLOAD_CHARS_MAX + " characters.");
        }
        for (int i = 0; i < payload.length(); i++) {
            char c = payload.charAt(i);
            if (Character.isSurrogate(c)) {
                boolean isPair = Character.isHighSurrogate(c)
                        && i + 1 < payload.length()
                        && Character.isLowSurrogate(payload.charAt(i + 1));
                if (!isPair) {
                    throw Reason.MALFORMED.refuse("The payload is not valid Unicode.");
                }
                i++;
            }
        }
    }
}
