// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.handshaker.core.Id;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.directory.Listing;
import org.handshaker.support.TestStore;
import org.handshaker.support.TestTime;
import org.jdbi.v3.core.Handle;

/** A few users over a real database, with a queue that only writes down what was committed to it. */
final class People implements AutoCloseable {
    final TestTime time = new TestTime();
    final TestStore store;
    Directory directory;
    Connections connections;

    private final Map<String, Id> ids = new ConcurrentHashMap<>();
    private final List<Told> told = new CopyOnWriteArrayList<>();

    /** One committed effect on a queue: an event, or {@code drop}. */
    record Told(Id target, String kind, String payload) {}

    People(Path path) {
        store = new TestStore(path);
        wire();
    }

    void reopen() {
        store.reopen();
        wire();
    }

    private void wire() {
        directory = Directory.open(store.database(), store.vault());
        connections = new Connections(store.database(), directory, new Written(), store.vault(), time);
        directory.whenGone(connections);
        directory.whenKeyChanges(connections);
    }

    private final class Written implements Announcer {
        @Override
        public void announce(Handle handle, Id target, String kind, String payloadJson) {
            store.database().afterCommit(() -> told.add(new Told(target, kind, payloadJson)));
        }

        @Override
        public void dropBetween(Handle handle, Id one, Id other) {
            store.database().afterCommit(() -> told.add(new Told(one, "drop", other.text())));
        }
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

    /** The kinds that reached a user's queue, oldest first. */
    List<String> kinds(String user) {
        return told.stream()
                .filter(event ->
                        event.target().equals(id(user)) && !event.kind().equals("drop"))
                .map(Told::kind)
                .toList();
    }

    List<Told> told() {
        return List.copyOf(told);
    }

    void forgetTold() {
        told.clear();
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
        store.close();
    }
}
