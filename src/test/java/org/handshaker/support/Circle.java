// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.handshaker.connections.Connections;
import org.handshaker.core.Id;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.directory.Listing;
import org.handshaker.groups.Groups;
import org.handshaker.queue.Queue;
import org.handshaker.queue.Visibility;
import org.handshaker.queue.Wanted;

/** A few users who know each other, over a real database and queue, wired as the relay wires them. */
public final class Circle implements AutoCloseable {
    public static final Duration LINGER = Duration.ofSeconds(2);

    public final TestTime time = new TestTime();
    public final ManualTimer timer = new ManualTimer();
    public final TestStore store;
    public final Directory directory;
    public final Queue queue;
    public final Connections connections;
    public final Groups groups;
    /** Whether senders may see that a recipient is there. */
    public final AtomicReference<Visibility> visibility = new AtomicReference<>((viewer, user) -> true);

    public Circle(Path path) {
        store = new TestStore(path);
        directory = Directory.open(store.database(), store.vault());
        queue = new Queue(
                store.database(),
                store.vault(),
                time,
                new Queue.Times(LINGER, Duration.ofMinutes(2), Duration.ofDays(14)),
                (viewer, user) -> visibility.get().maySee(viewer, user),
                timer);
        directory.whenGone(queue::accountGone);
        connections = new Connections(store.database(), directory, queue, store.vault(), time);
        directory.whenGone(connections);
        groups = new Groups(store.database(), store.vault(), directory, connections, queue);
        directory.whenGone(groups);
    }

    public Id user(String name) {
        return store.database().write(handle -> directory
                .create(handle, Id.random(), new Username(name), Listing.EXACT_NAME, time.instant())
                .id());
    }

    public void connect(Id one, Id other) {
        connections.ask(one, name(other), null);
        connections.ask(other, name(one), null);
        queue.ackUpTo(one, Wanted.EVERYTHING, Long.MAX_VALUE).join();
        queue.ackUpTo(other, Wanted.EVERYTHING, Long.MAX_VALUE).join();
    }

    public void part(Id one, Id other) {
        connections.remove(one, name(other));
    }

    public void delete(Id user) {
        store.database().write(handle -> {
            directory.remove(handle, user);
            return user;
        });
    }

    public Username name(Id user) {
        return directory.name(user).orElseThrow();
    }

    @Override
    public void close() {
        queue.close();
        store.close();
    }
}
