// SPDX-License-Identifier: MIT
package org.handshaker.prekeys;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.handshaker.connections.Connections;
import org.handshaker.core.Id;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.directory.Listing;
import org.handshaker.guard.Takings;
import org.handshaker.queue.Event;
import org.handshaker.queue.Queue;
import org.handshaker.queue.ThreadTimer;
import org.handshaker.queue.Wanted;
import org.handshaker.support.TestStore;
import org.handshaker.support.TestTime;
import org.jspecify.annotations.NullUnmarked;

/** Users with prekeys over a real database and queue. */
@NullUnmarked
final class Keyring implements AutoCloseable {
    static final String IDENTITY = "BWlkZW50aXR5";

    final TestTime time = new TestTime();
    final TestStore store;
    final Takings takings;
    Directory directory;
    Queue queue;
    Connections connections;
    Prekeys prekeys;

    Keyring(Path path, Takings takings) {
        this.store = new TestStore(path);
        this.takings = takings;
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
        directory.whenKeyChanges(connections);
        prekeys = new Prekeys(store.database(), store.vault(), directory, queue, takings, time);
    }

    /** As after {@code kill -9}. */
    void kill(Runnable atThatMoment) {
        Queue before = queue;
        store.kill(atThatMoment);
        before.close();
        wire();
    }

    Id user(String name) {
        return store.database().write(handle -> directory
                .create(handle, Id.random(), new Username(name), Listing.EXACT_NAME, time.instant())
                .id());
    }

    void connect(Id one, Id other) {
        connections.ask(one, directory.name(other).orElseThrow(), null);
        connections.ask(other, directory.name(one).orElseThrow(), null);
    }

    List<Event> events(Id user) {
        return queue.page(user, Wanted.EVERYTHING, 100).events();
    }

    List<String> news(Id user, String kind) {
        return events(user).stream()
                .filter(event -> event.kind().equals(kind))
                .map(Event::payload)
                .toList();
    }

    int sweep() {
        return store.database().write(handle -> prekeys.expire(handle, time.instant()));
    }

    void delete(Id user) {
        store.database().write(handle -> {
            directory.remove(handle, user);
            return user;
        });
    }

    int rows() {
        return store.database().read(handle -> handle.createQuery(
                        """
                        SELECT (SELECT count(*) FROM prekeys) + (SELECT count(*) FROM one_time_prekeys)
                             + (SELECT count(*) FROM prekey_changes)
                        """)
                .mapTo(Integer.class)
                .one());
    }

    static Upload upload(String identity, int firstId, int count) {
        return new Upload(identity, signed(), oneTime(firstId, count), null, null, null);
    }

    static Upload.SignedPrekey signed() {
        return new Upload.SignedPrekey(7, "BXNpZ25lZA", "c2lnbmF0dXJl");
    }

    static List<Upload.OneTimePrekey> oneTime(int firstId, int count) {
        return IntStream.range(firstId, firstId + count)
                .mapToObj(id -> new Upload.OneTimePrekey(id, "key" + id))
                .toList();
    }

    static List<Upload.KyberPrekey> kyber(int firstId, int count) {
        return IntStream.range(firstId, firstId + count)
                .mapToObj(id -> new Upload.KyberPrekey(id, "kyber" + id, "signature"))
                .toList();
    }

    @Override
    public void close() {
        queue.close();
        store.close();
    }
}
