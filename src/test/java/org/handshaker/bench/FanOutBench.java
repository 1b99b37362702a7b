// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.handshaker.connections.Connections;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Secrets;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.directory.Directory;
import org.handshaker.directory.Listing;
import org.handshaker.groups.Groups;
import org.handshaker.queue.Kind;
import org.handshaker.queue.Queue;
import org.handshaker.queue.ThreadTimer;
import org.handshaker.store.Database;

/** Sending to a full group whose members are away, through the relay's own rules and store, without the wire before them. */
final class FanOutBench {
    private static final int SENDERS = 2;
    /** Below the half of a queue that one sender may fill. */
    private static final int EACH = 450;

    private static final int WINDOW = 16;
    private static final String KIBIBYTE = "x".repeat(1_024);

    private final Report report;
    private final Path directory;

    FanOutBench(Report report, Path directory) {
        this.report = report;
        this.directory = directory;
    }

    void run() throws Exception {
        report.head("Groups");
        report.say(String.format(
                Locale.ROOT,
                "%d members, %d of them sending 1 KiB, %d events under way from each; everybody is away, every event is"
                        + " committed. Within the relay's process, without HTTP.",
                Limits.GROUP_MEMBERS_MAX,
                SENDERS,
                WINDOW));
        report.say("");
        report.tableOfBounds();
        Queue.Times times = new Queue.Times(Duration.ZERO, Duration.ofMinutes(2), Duration.ofDays(14));
        Vault vault = new Vault(Secrets.randomBytes(Vault.MASTER_BYTES));
        InstantSource time = InstantSource.system();
        try (Database database = Database.open(directory.resolve("groups"));
                Queue queue = new Queue(database, vault, time, times, (viewer, user) -> false, new ThreadTimer())) {
            Directory people = Directory.open(database, vault);
            Connections connections = new Connections(database, people, queue, vault, time);
            Groups groups = new Groups(database, vault, people, connections, queue);
            List<Id> members = members(database, people, connections, time);
            Id owner = members.get(0);
            String group = groups.create(owner, null, null).id();
            for (Id member : members.subList(1, members.size())) {
                groups.add(owner, group, people.name(member).orElseThrow());
            }
            measure(database, groups, group, members);
        }
    }

    private static List<Id> members(Database database, Directory people, Connections connections, InstantSource time) {
        List<Id> members = new ArrayList<>();
        for (int i = 0; i < Limits.GROUP_MEMBERS_MAX; i++) {
            Username name = new Username("member" + i);
            members.add(database.write(handle -> {
                Id id = people.create(handle, Id.random(), name, Listing.EXACT_NAME, time.instant())
                        .id();
                if (!members.isEmpty()) {
                    connections.connectInvited(handle, members.get(0), id);
                }
                return id;
            }));
        }
        return members;
    }

    private void measure(Database database, Groups groups, String group, List<Id> members) throws Exception {
        long epoch = groups.show(members.get(0), group).epoch();
        long before = bytes(database);
        long begin = System.nanoTime();
        ExecutorService threads = Executors.newFixedThreadPool(SENDERS);
        try {
            List<Future<?>> senders = new ArrayList<>();
            for (int i = 0; i < SENDERS; i++) {
                Id sender = members.get(i);
                senders.add(threads.submit(() -> send(groups, group, epoch, sender)));
            }
            for (Future<?> sender : senders) {
                sender.get();
            }
        } finally {
            threads.shutdownNow();
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        int events = SENDERS * EACH;
        long recipients = (long) events * (members.size() - 1);
        report.bound("events for all a second", String.format(Locale.ROOT, "%,.0f", events / seconds), "");
        report.bound("queues reached a second", String.format(Locale.ROOT, "%,.0f", recipients / seconds), "");
        long beyond = bytes(database) - before - (long) events * KIBIBYTE.length();
        report.bound(
                "bytes on disk for each member, beyond the one payload", String.valueOf(beyond / recipients), "100");
    }

    private static void send(Groups groups, String group, long epoch, Id sender) {
        Semaphore window = new Semaphore(WINDOW);
        for (int i = 0; i < EACH; i++) {
            window.acquireUninterruptibly();
            var unused = groups.send(sender, group, epoch, new Kind("message"), KIBIBYTE, null, null)
                    .whenComplete((safe, failed) -> {
                        if (failed != null || safe.full() > 0) {
                            throw new CompletionException("not everybody has it", failed);
                        }
                        window.release();
                    });
        }
        window.acquireUninterruptibly(WINDOW);
    }

    /** Of the database, less what is free in it. */
    private static long bytes(Database database) {
        return database.read(handle -> {
            long pages =
                    handle.createQuery("PRAGMA page_count").mapTo(Long.class).one();
            long free = handle.createQuery("PRAGMA freelist_count")
                    .mapTo(Long.class)
                    .one();
            long size = handle.createQuery("PRAGMA page_size").mapTo(Long.class).one();
            return (pages - free) * size;
        });
    }
}
