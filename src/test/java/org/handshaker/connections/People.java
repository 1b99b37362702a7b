// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.handshaker.core.Id;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.directory.Listing;
import org.handshaker.queue.Event;
import org.handshaker.queue.Kind;
import org.handshaker.queue.Offer;
import org.handshaker.queue.Queue;
import org.handshaker.queue.Wanted;
import org.handshaker.support.TestStore;
import org.handshaker.support.TestTime;

/** A few users over a real database and queue. */
final class People implements AutoCloseable {
    final TestTime time = new TestTime();
    final TestStore store;
    Directory directory;
    Queue queue;
    Connections connections;

    private final Map<String, Id> ids = new ConcurrentHashMap<>();

    People(Path path) {
        store = new TestStore(path);
        wire();
    }

    void reopen() {
        queue.close();
        store.reopen();
        wire();
    }

    private void wire() {
        directory = Directory.open(store.database(), store.vault());
        Queue.Times times = new Queue.Times(Duration.ZERO, Duration.ofMinutes(2), Duration.ofDays(14));
        queue = new Queue(
                store.database(),
                store.vault(),
                store.ratchet(time),
                times,
                (viewer, user) -> false,
                new org.handshaker.queue.ThreadTimer());
        connections = new Connections(store.database(), directory, queue, store.vault(), time);
        directory.whenGone(queue::accountGone);
        directory.whenGone(connections);
        directory.whenKeyChanges(connections);
    }

    Id user(String name) {
        Id id = store.database().write(handle -> directory
                .create(handle, Id.random(), new Username(name), Listing.EXACT_NAME, time.instant())
                .id());
        ids.put(name, id);
        return id;
    }

    Id id(String name) {
        return Optional.ofNullable(ids.get(name)).orElseThrow();
    }

    Asked ask(String asker, String addressee) {
        return connections.ask(id(asker), new Username(addressee), null);
    }

    void connect(String one, String other) {
        ask(one, other);
        ask(other, one);
    }

    Asked respond(String user, Request request, Answer answer) {
        return connections.respond(id(user), request.id(), answer);
    }

    boolean areConnected(String one, String other) {
        return connections.areConnected(id(one), id(other));
    }

    List<Request> incoming(String user) {
        return connections.pending(id(user)).incoming();
    }

    List<Request> outgoing(String user) {
        return connections.pending(id(user)).outgoing();
    }

    void remove(String user, String peer) {
        connections.remove(id(user), new Username(peer));
    }

    void block(String user, String blocked) {
        connections.block(id(user), new Username(blocked));
    }

    void unblock(String user, String blocked) {
        connections.unblock(id(user), new Username(blocked));
    }

    void deleteAccount(String user) {
        store.database().write(handle -> {
            directory.remove(handle, id(user));
            return user;
        });
    }

    int sweep() {
        return store.database().write(handle -> connections.expire(handle, time.instant()));
    }

    /** What waits in a user's queue, oldest first. */
    List<Event> events(String user) {
        return queue.page(id(user), Wanted.EVERYTHING, 100).events();
    }

    List<String> kinds(String user) {
        return events(user).stream().map(Event::kind).toList();
    }

    List<String> payloads(String user) {
        return events(user).stream().map(Event::payload).toList();
    }

    void send(String from, String to, String kind) {
        queue.offer(new Offer(id(from), new Username(from), id(to), new Kind(kind), "sealed", null, null))
                .join();
    }

    /** Everybody reads and acks what there is. */
    void emptyQueues() {
        ids.values().forEach(id -> queue.ackUpTo(id, Wanted.EVERYTHING, Long.MAX_VALUE)
                .join());
    }

    /** How many rows the four tables of this feature hold. */
    int rows() {
        return store.database().read(handle -> handle.createQuery(
                        """
                        SELECT (SELECT count(*) FROM connections) + (SELECT count(*) FROM requests)
                             + (SELECT count(*) FROM asked) + (SELECT count(*) FROM blocks)
                        """)
                .mapTo(Integer.class)
                .one());
    }

    @Override
    public void close() {
        queue.close();
        store.close();
    }
}
