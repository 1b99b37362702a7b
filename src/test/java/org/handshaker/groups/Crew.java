// SPDX-License-Identifier: MIT
package org.handshaker.groups;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.handshaker.connections.Connections;
import org.handshaker.core.Id;
import org.handshaker.core.Refused;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.directory.Listing;
import org.handshaker.queue.Event;
import org.handshaker.queue.FanOut;
import org.handshaker.queue.Kind;
import org.handshaker.queue.Offer;
import org.handshaker.queue.Queue;
import org.handshaker.queue.ThreadTimer;
import org.handshaker.queue.Wanted;
import org.handshaker.support.TestStore;
import org.handshaker.support.TestTime;
import org.jspecify.annotations.NullUnmarked;

/** Users and groups over a real database and queue, wired as the relay wires them; can be restarted and killed. */
@NullUnmarked
final class Crew implements AutoCloseable {
    final TestTime time = new TestTime();
    final TestStore store;
    Directory directory;
    Queue queue;
    Connections connections;
    Groups groups;

    private final Map<String, Id> ids = new ConcurrentHashMap<>();

    Crew(Path path) {
        store = new TestStore(path);
        wire();
    }

    private void wire() {
        directory = Directory.open(store.database(), store.vault());
        queue = new Queue(
                store.database(),
                store.vault(),
                time,
                new Queue.Times(Duration.ZERO, Duration.ofMinutes(2), Duration.ofDays(14)),
                (viewer, user) -> false,
                new ThreadTimer());
        directory.whenGone(queue::accountGone);
        connections = new Connections(store.database(), directory, queue, store.vault(), time);
        directory.whenGone(connections);
        groups = new Groups(store.database(), store.vault(), directory, connections, queue);
        directory.whenGone(groups);
    }

    void restart() {
        queue.close();
        store.reopen();
        wire();
    }

    /** As after {@code kill -9}. */
    void kill() {
        Queue before = queue;
        store.kill(() -> {});
        before.close();
        wire();
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

    void delete(String name) {
        store.database().write(handle -> {
            directory.remove(handle, id(name));
            return name;
        });
    }

    void connect(String one, String other) {
        connections.ask(id(one), new Username(other), null);
        connections.ask(id(other), new Username(one), null);
    }

    /** A group of the first, who is connected with all others. */
    String group(String owner, String... others) {
        String id = groups.create(id(owner), null, null).id();
        for (String other : others) {
            if (!connections.areConnected(id(owner), id(other))) {
                connect(owner, other);
            }
            add(owner, id, other);
        }
        return id;
    }

    long add(String actor, String group, String name) {
        return groups.add(id(actor), group, new Username(name)).epoch();
    }

    void remove(String actor, String group, String name) {
        groups.remove(id(actor), group, new Username(name));
    }

    long setRole(String actor, String group, String name, Role role) {
        return groups.setRole(id(actor), group, new Username(name), role).epoch();
    }

    Group show(String user, String group) {
        return groups.show(id(user), group);
    }

    long epoch(String user, String group) {
        return show(user, group).epoch();
    }

    /** The members' names and roles, in order. */
    List<String> members(String user, String group) {
        return show(user, group).members().stream()
                .map(member -> directory.name(member.user()).orElseThrow().bare() + " "
                        + member.role().text())
                .toList();
    }

    FanOut send(String from, String group, long epoch, String payload, String clientId) {
        try {
            return groups.send(id(from), group, epoch, new Kind("message"), payload, clientId, null)
                    .join();
        } catch (CompletionException failed) {
            if (failed.getCause() instanceof Refused refused) {
                throw refused;
            }
            throw failed;
        }
    }

    FanOut send(String from, String group, String payload) {
        return send(from, group, epoch(from, group), payload, null);
    }

    void sendAlone(String from, String to, String payload) {
        queue.offer(new Offer(id(from), new Username(from), id(to), new Kind("message"), payload, null, null))
                .join();
    }

    List<Event> events(String user) {
        return queue.page(id(user), Wanted.EVERYTHING, 100).events();
    }

    List<String> payloads(String user, String kind) {
        return events(user).stream()
                .filter(event -> event.kind().equals(kind))
                .map(Event::payload)
                .toList();
    }

    List<String> messages(String user) {
        return payloads(user, "message");
    }

    /** Everybody reads and acks what there is. */
    void emptyQueues() {
        ids.values().forEach(id -> queue.ackUpTo(id, Wanted.EVERYTHING, Long.MAX_VALUE)
                .join());
    }

    void ackAll(String user) {
        queue.ackUpTo(id(user), Wanted.EVERYTHING, Long.MAX_VALUE).join();
    }

    int sweep() {
        return store.database().write(handle -> queue.expire(handle, time.instant()));
    }

    int count(String table) {
        return store.database().read(handle -> handle.createQuery("SELECT count(*) FROM " + table)
                .mapTo(Integer.class)
                .one());
    }

    @Override
    public void close() {
        queue.close();
        store.close();
    }
}
