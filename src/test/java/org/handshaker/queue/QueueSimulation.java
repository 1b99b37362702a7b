// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.handshaker.queue.Invariant.ACCEPTED;
import static org.handshaker.queue.Invariant.COUNT;
import static org.handshaker.queue.Invariant.DELIVERY;
import static org.handshaker.queue.Invariant.FULL;
import static org.handshaker.queue.Invariant.MEMORY;
import static org.handshaker.queue.Invariant.ORDER;
import static org.handshaker.queue.Invariant.PRIVATE;
import static org.handshaker.queue.Invariant.QUOTA;
import static org.handshaker.queue.Invariant.RECEIPT;
import static org.handshaker.queue.Invariant.RETRY;
import static org.handshaker.queue.Queues.now;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.queue.QueueModel.Line;
import org.handshaker.queue.QueueModel.Sent;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** The queues and their model, moved by the same dice. */
final class QueueSimulation implements AutoCloseable {
    private static final int USERS = 5;
    private static final List<String> SIGNALS = List.of("offer", "answer", "ice", "bye");
    private static final List<String> MESSAGES = List.of("message", "receipt", "typing");
    private static final List<String> SYSTEM = List.of("connection.accepted", "connection.removed", "key.changed");

    private final Queues queues;
    private final Random random;
    private final QueueModel model = new QueueModel();
    private final List<Id> users = new ArrayList<>();
    private final Map<Integer, Sent> everything = new HashMap<>();
    /** Those with an id of the sender's own, to be sent again. */
    private final List<Sent> repeatable = new ArrayList<>();

    private final List<Sent> withoutReceipt = new ArrayList<>();
    /** Dropped since the last rest, when a commit may have had their bodies. */
    private final List<Sent> dropped = new ArrayList<>();

    private final List<Device> devices = new ArrayList<>();
    private final List<Poll> polls = new ArrayList<>();
    private final List<Ack> acks = new ArrayList<>();
    private int numbers;
    private int ids;
    /** The file may not grow: what needs room may be refused. */
    private boolean isFull;

    private static final class Device {
        final Id owner;
        final Ear ear;
        /** What it heard and was compared. */
        final Set<Integer> heard = new HashSet<>();

        int compared;
        long lastSeq;

        Device(Id owner, Ear ear) {
            this.owner = owner;
            this.ear = ear;
        }
    }

    private record Ack(Id owner, CompletableFuture<Integer> removed, List<Sent> taken) {}

    private record Poll(Id owner, Wanted wanted, CompletableFuture<Page> page) {}

    QueueSimulation(Path directory, Random random) {
        this.queues = new Queues(directory);
        this.random = random;
        for (int i = 0; i < USERS; i++) {
            users.add(Id.random());
        }
    }

    String step() {
        String what = anything();
        if (isFull) {
            // Whatever was refused is known before anything else is done.
            queues.settle();
            compareReceipts();
            compareAcks();
            if (chance(5)) {
                makeRoom();
                return what + ", room again";
            }
        }
        return what;
    }

    private String anything() {
        int dice = random.nextInt(100);
        if (dice < 39) {
            return send();
        }
        if (dice < 40) {
            return burst();
        }
        if (dice < 46) {
            return sendAgain();
        }
        if (dice < 62) {
            return ack();
        }
        if (dice < 70) {
            return device();
        }
        if (dice < 75) {
            return poll();
        }
        if (dice < 80) {
            return change();
        }
        if (dice < 98) {
            return time();
        }
        return chance(60) ? disaster() : fill();
    }

    private String fill() {
        queues.store.fill();
        isFull = true;
        return "the disk is full";
    }

    /** Service returns with space, without a restart. */
    private void makeRoom() {
        queues.store.makeRoom();
        isFull = false;
        Id newcomer = Id.random();
        Receipt receipt = now(queues.offer(anybody(), newcomer, "room"));
        FULL.check(receipt.status() == Receipt.Status.STORED, "no room after all");
        FULL.check(now(queues.queue.ackUpTo(newcomer, Wanted.EVERYTHING, Long.MAX_VALUE)) == 1, "no ack");
    }

    private Id anybody() {
        return users.get(random.nextInt(USERS));
    }

    private Instant instant() {
        return queues.ratchet.instant();
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    private <T> T any(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    private String send() {
        @Nullable String key = chance(60) ? "id " + ids++ : null;
        return offer(anybody(), anybody(), key);
    }

    /** More than a device's window holds, and than one sender's share. */
    private String burst() {
        Id target = anybody();
        int many = !isFull && chance(10) ? 2 * Limits.UNACKED_PER_SOCKET_MAX : 10;
        int senders = 1 + random.nextInt(2);
        for (int i = 0; i < many; i++) {
            offer(users.get(i % senders), target, null);
        }
        return "burst";
    }

    /** Mostly what was sent lately, with another content, which must not matter while the first is pending. */
    private String sendAgain() {
        if (repeatable.isEmpty()) {
            return "nothing to send again";
        }
        Sent earlier = repeatable.get(repeatable.size() - 1 - random.nextInt(Math.min(30, repeatable.size())));
        Id sender = earlier.sender;
        if (sender == null || !users.contains(earlier.target) || earlier.key == null) {
            return "gone";
        }
        return "again: " + offer(sender, earlier.target, earlier.key);
    }

    private String offer(Id sender, Id target, @Nullable String key) {
        queues.isVisible = chance(80);
        String kind = chance(40) ? any(SIGNALS) : any(MESSAGES);
        String payload = numbers + ":" + "x".repeat(size());
        @Nullable Duration ttl = chance(10) ? Duration.ofSeconds(1 + random.nextInt(90)) : null;
        Duration longest = SIGNALS.contains(kind) ? Queues.SIGNAL_TTL : Queues.MESSAGE_TTL;
        Instant expiresAt = Instant.ofEpochSecond(
                instant().plus(ttl == null ? longest : ttl).getEpochSecond());
        Sent sent = new Sent(numbers, sender, target, kind, payload, expiresAt, queues.isVisible, key);
        numbers++;
        Line line = model.line(target);
        line.purge(instant());
        Optional<Sent> first = line.pending.stream().filter(sent::isRetryOf).findFirst();
        boolean fits = first.isPresent() || line.hasRoom(sender, sent.bytes);
        CompletableFuture<Receipt> receipt;
        try {
            receipt = queues.queue.offer(new Offer(sender, Queues.NAME, target, new Kind(kind), payload, key, ttl));
        } catch (Refused refused) {
            if (refused.reason() == Reason.STORAGE_FULL) {
                FULL.check(isFull, "there is room");
                return "refused, no room";
            }
            QUOTA.check(!fits && refused.reason() == Reason.QUEUE_FULL, "refused: " + refused.reason());
            return "refused";
        }
        QUOTA.check(fits, "taken in although the queue is full");
        if (first.isPresent()) {
            // After a restart it is another future with the same receipt.
            withoutReceipt.add(retryOf(first.get(), sent, receipt));
            return "a retry of " + first.get().number;
        }
        sent.receipt = receipt;
        line.add(sent);
        everything.put(sent.number, sent);
        withoutReceipt.add(sent);
        if (key != null) {
            repeatable.add(sent);
        }
        if (isFull) {
            queues.settle();
            compareReceipts();
        }
        return "send " + sent.number;
    }

    /** Whoever may not see the recipient gets a receipt that does not tell whether the first still waits. */
    private static Sent retryOf(Sent first, Sent again, CompletableFuture<Receipt> receipt) {
        Instant expiresAt = again.mayBeDelivered ? first.expiresAt : again.expiresAt;
        Sent retry = new Sent(
                first.number,
                first.sender,
                first.target,
                first.kind,
                first.payload,
                expiresAt,
                again.mayBeDelivered,
                first.key);
        retry.receipt = receipt;
        retry.isAcked = true;
        return retry;
    }

    private int size() {
        int dice = random.nextInt(100);
        return dice < 90 ? random.nextInt(200) : dice < 97 ? random.nextInt(4_000) : random.nextInt(60_000);
    }

    private String ack() {
        Id owner = anybody();
        Line line = model.line(owner);
        line.purge(instant());
        return switch (random.nextInt(6)) {
            case 0, 1, 2 -> ackUpTo(owner, line);
            case 3, 4 -> ackSome(owner, line);
            default -> {
                List<Sent> taken = line.take(Sent::isSignal);
                acked(owner, taken, queues.queue.clearSignals(owner));
                yield "clear";
            }
        };
    }

    private String ackUpTo(Id owner, Line line) {
        Wanted wanted = chance(30) ? Wanted.SIGNALS : Wanted.EVERYTHING;
        Predicate<Sent> wants = sent -> wanted == Wanted.EVERYTHING || sent.isSignal();
        List<Sent> seen = line.pending.stream()
                .filter(sent -> line.seqOfNumber.containsKey(sent.number))
                .toList();
        if (seen.isEmpty() || chance(5)) {
            boolean all = random.nextBoolean();
            acked(
                    owner,
                    all ? line.take(wants) : List.of(),
                    queues.queue.ackUpTo(owner, wanted, all ? Long.MAX_VALUE : 0));
            return all ? "ack everything" : "ack nothing";
        }
        Sent last = any(seen);
        int upTo = line.pending.indexOf(last);
        List<Sent> before = List.copyOf(line.pending.subList(0, upTo + 1));
        long seq = line.seqOfNumber.getOrDefault(last.number, 0L);
        acked(
                owner,
                line.take(sent -> before.contains(sent) && wants.test(sent)),
                queues.queue.ackUpTo(owner, wanted, seq));
        return "ack up to " + last.number;
    }

    private String ackSome(Id owner, Line line) {
        List<Event> page = queues.queue
                .page(owner, Wanted.EVERYTHING, 1 + random.nextInt(20))
                .events();
        List<Id> eventIds = new ArrayList<>();
        List<Integer> numbersOfThem = new ArrayList<>();
        for (Event event : page) {
            if (chance(50)) {
                eventIds.add(event.eventId());
                numbersOfThem.add(numberOf(event));
            }
        }
        // Somebody else's, and nobody's.
        Id stranger = anybody();
        model.line(stranger).purge(instant());
        queues.queue.page(stranger, Wanted.EVERYTHING, 3).events().stream()
                .filter(event -> !sent(event).target.equals(owner))
                .forEach(event -> eventIds.add(event.eventId()));
        eventIds.add(Id.random());
        acked(owner, line.take(sent -> numbersOfThem.contains(sent.number)), queues.queue.ack(owner, eventIds));
        return "ack some";
    }

    private void acked(Id owner, List<Sent> taken, CompletableFuture<Integer> removed) {
        taken.forEach(sent -> sent.isAcked = true);
        acks.add(new Ack(owner, removed, taken));
    }

    private void compareAcks() {
        acks.removeIf(ack -> {
            if (ack.removed.isDone()) {
                int count = now(ack.removed);
                COUNT.check(count == ack.taken.size(), count + " removed, not " + ack.taken.size());
            }
            return ack.removed.isDone();
        });
    }

    private String device() {
        if (devices.isEmpty() || (devices.size() < 8 && random.nextBoolean())) {
            Id owner = anybody();
            devices.add(new Device(owner, queues.connect(owner)));
            return "a device comes";
        }
        Device leaving = any(devices);
        devices.remove(leaving);
        queues.queue.disconnect(leaving.owner, leaving.ear);
        return "a device leaves";
    }

    private String poll() {
        Id owner = anybody();
        model.line(owner).purge(instant());
        Wanted wanted = random.nextBoolean() ? Wanted.SIGNALS : Wanted.EVERYTHING;
        polls.add(new Poll(
                owner, wanted, queues.queue.poll(owner, wanted, 1 + random.nextInt(100), Duration.ofSeconds(20))));
        return "poll";
    }

    /** A change of connections: system events and drops together, with sends in between, committed or refused. */
    private String change() {
        Id one = anybody();
        Id other = anybody();
        boolean drops = chance(30);
        boolean refuses = chance(30);
        boolean isUndone = false;
        List<Sent> came = new ArrayList<>();
        List<Sent> deleted = new ArrayList<>();
        compare(one, model.line(one));
        compare(other, model.line(other));
        try {
            queues.store.database().write(handle -> {
                if (drops) {
                    queues.queue.dropBetween(handle, one, other);
                }
                for (int i = random.nextInt(6); i >= 0; i--) {
                    int dice = random.nextInt(10);
                    if (dice < 6) {
                        Sent announced = announce(handle, random.nextBoolean() ? one : other);
                        // This change deletes them, also if an ack takes them first.
                        model.line(announced.target).pending.stream()
                                .filter(announced::replaces)
                                .forEach(deleted::add);
                        came.add(announced);
                    } else if (dice == 6) {
                        retract(handle, one, came, deleted);
                    } else if (dice == 7) {
                        ackMeanwhile(one, came);
                    } else {
                        sendMeanwhile(one, other).ifPresent(came::add);
                    }
                }
                if (refuses) {
                    throw Reason.NOT_FOUND.refuse();
                }
                return true;
            });
        } catch (Refused refused) {
            isUndone = true;
            boolean isExpected =
                    refused.reason() == Reason.STORAGE_FULL ? isFull : refuses && refused.reason() == Reason.NOT_FOUND;
            FULL.check(isExpected, "a change was refused: " + refused.reason());
            came.removeIf(Sent::isSystem);
            deleted.clear();
        }
        for (Sent sent : came) {
            Line line = model.line(sent.target);
            line.take(old -> sent.replaces(old) && !came.contains(old));
            line.add(sent);
        }
        deleted.forEach(sent -> {
            sent.isDeleted = true;
            model.line(sent.target).take(each -> each == sent);
        });
        if (drops && !isUndone) {
            withoutReceipt.stream()
                    .filter(sent -> (sent.target.equals(one) && sent.isFrom(other))
                            || (sent.target.equals(other) && sent.isFrom(one)))
                    .forEach(dropped::add);
            model.line(one).take(sent -> sent.isFrom(other));
            model.line(other).take(sent -> sent.isFrom(one));
        }
        return (isUndone ? "refused " : "") + (drops ? "drop" : "announcement");
    }

    /** Takes back what was told of one subject, before this change or in it. */
    private void retract(Handle handle, Id target, List<Sent> came, List<Sent> deleted) {
        String kind = any(SYSTEM);
        String subject = anySubject();
        queues.queue.retract(handle, target, kind, subject);
        // What is acked and not yet deleted lies on the disk as well, and goes with this change.
        Stream<Sent> acked = acks.stream().flatMap(ack -> ack.taken.stream());
        Stream.of(model.line(target).pending.stream(), came.stream(), acked)
                .flatMap(each -> each)
                .filter(sent -> sent.isSystem() && sent.target.equals(target) && (kind + subject).equals(sent.key))
                .forEach(deleted::add);
    }

    /** An ack while a change is being made takes everything but what that change hides. */
    private void ackMeanwhile(Id owner, List<Sent> came) {
        List<Sent> taken = model.line(owner).take(sent -> true);
        List<Sent> since = came.stream()
                .filter(sent -> !sent.isSystem() && sent.target.equals(owner))
                .toList();
        came.removeAll(since);
        acked(
                owner,
                Stream.concat(taken.stream(), since.stream()).toList(),
                queues.queue.ackUpTo(owner, Wanted.EVERYTHING, Long.MAX_VALUE));
    }

    private String anySubject() {
        return "subject " + random.nextInt(4);
    }

    private Sent announce(Handle handle, Id target) {
        String kind = any(SYSTEM);
        String subject = anySubject();
        Instant expiresAt =
                Instant.ofEpochSecond(instant().plus(Queues.MESSAGE_TTL).getEpochSecond());
        Sent sent = new Sent(numbers, null, target, kind, numbers + ":", expiresAt, false, kind + subject);
        numbers++;
        queues.queue.announce(handle, target, kind, sent.payload, subject);
        everything.put(sent.number, sent);
        return sent;
    }

    /** A send while a change is being made; where numbers must be reserved first it cannot be done on this thread. */
    private Optional<Sent> sendMeanwhile(Id sender, Id target) {
        // What came in this change already is not in the model yet.
        boolean isCrowded = model.line(target).pending.size() > Limits.QUEUE_EVENTS_MAX / 2 - 10;
        if (isCrowded || !model.line(target).hasRoom(sender, 40_000)) {
            return Optional.empty();
        }
        queues.isVisible = chance(50);
        Instant expiresAt =
                Instant.ofEpochSecond(instant().plus(Queues.MESSAGE_TTL).getEpochSecond());
        Sent sent = new Sent(numbers, sender, target, "message", numbers + ":", expiresAt, queues.isVisible, null);
        numbers++;
        everything.put(sent.number, sent);
        try {
            sent.receipt = queues.offer(sender, target, sent.payload);
        } catch (IllegalStateException mustReserve) {
            return Optional.empty();
        }
        withoutReceipt.add(sent);
        return Optional.of(sent);
    }

    private String time() {
        switch (random.nextInt(8)) {
            case 0, 1, 2 -> {
                Duration passing = Duration.ofMillis(random.nextInt(3_000));
                queues.time.advance(passing);
                queues.timer.pass(passing);
                return "time passes";
            }
            case 3 -> queues.time.advance(Duration.ofSeconds(random.nextInt(200)));
            case 4 -> {
                queues.time.advance(Duration.ofHours(random.nextInt(100)));
                queues.forget();
            }
            case 5 -> {
                sweep();
                queues.time.advance(Duration.ofSeconds(-random.nextInt(100_000)));
                return "the clock is put back";
            }
            case 6 -> {
                sweep();
                return "sweep";
            }
            default -> {
                rest();
                return "rest";
            }
        }
        return "the clock jumps";
    }

    private void sweep() {
        queues.sweep();
        model.all().forEach(line -> line.purge(instant()));
    }

    /** When every linger is over, every receipt is given and everything pending is on the disk, and only there. */
    private void rest() {
        queues.timer.pass(Queues.LINGER);
        queues.settle();
        compareReceipts();
        compareAcks();
        COUNT.check(acks.isEmpty(), "an ack is not answered");
        withoutReceipt.forEach(sent -> RECEIPT.check(false, sent.number + " has none"));
        dropped.clear();
        long pending = 0;
        for (Line line : model.all()) {
            pending += line.pending.size();
        }
        COUNT.check(queues.rows() == pending, queues.rows() + " rows for " + pending + " events");
        MEMORY.check(queues.queue.bytesInMemory() == 0, queues.queue.bytesInMemory() + " bytes in memory");
    }

    private String disaster() {
        if (chance(25) && !isFull) {
            return accountGoes();
        }
        if (queues.time.instant().isBefore(instant())) {
            // What is certain, and not by the clock on the wall, is known to the hour only in the next life.
            sweep();
        }
        // What was shown before counts for ever, also where nobody has compared it yet.
        devices.forEach(device -> compareHeard(device, model.line(device.owner)));
        String what =
                switch (random.nextInt(4)) {
                    case 0 -> crash();
                    case 1 -> restart();
                    default -> kill();
                };
        compareReceipts();
        // The limit of the file was the old connection's.
        isFull = false;
        compareAcks();
        COUNT.check(acks.isEmpty(), "an ack is not answered");
        devices.clear();
        polls.clear();
        try {
            users.forEach(user -> compareAll(user, model.line(user)));
        } catch (AssertionError broken) {
            throw new AssertionError("after " + what, broken);
        }
        return what;
    }

    private String accountGoes() {
        Id gone = anybody();
        queues.accountGone(gone);
        model.gone(gone);
        users.set(users.indexOf(gone), Id.random());
        devices.removeIf(device -> device.owner.equals(gone));
        return "an account goes";
    }

    /** What is lined up is still committed, what is in memory only is gone. */
    private String crash() {
        queues.crash();
        model.all().forEach(line -> line.take(sent -> !sent.isSystem() && !sent.receipt.isDone()));
        withoutReceipt.removeIf(sent -> !sent.receipt.isDone());
        return "a crash";
    }

    private String restart() {
        queues.restart();
        finishPolls();
        withoutReceipt.forEach(
                sent -> RECEIPT.check(sent.receipt.isDone(), sent.number + " was not told before the stop"));
        return "a restart";
    }

    /** As {@code kill -9}, at any moment: only what was told by then must be there, acks included. */
    private String kill() {
        if (!isFull && chance(50)) {
            // Much under way: the first commit of these runs while the others line up.
            for (int i = 0; i < 20; i++) {
                offer(anybody(), anybody(), null);
            }
            ack();
        }
        List<Sent> untold = new ArrayList<>();
        List<Ack> undone = new ArrayList<>();
        queues.kill(() -> {
            withoutReceipt.stream().filter(sent -> !sent.receipt.isDone()).forEach(untold::add);
            acks.stream().filter(ack -> !ack.removed.isDone()).forEach(undone::add);
        });
        withoutReceipt.removeAll(untold);
        acks.removeAll(undone);
        Set<Sent> lost = new HashSet<>(untold);
        model.all().forEach(line -> {
            line.take(lost::contains);
            line.mayCountLess = true;
        });
        for (Ack ack : undone) {
            model.line(ack.owner)
                    .putBack(ack.taken.stream()
                            .filter(sent -> !lost.contains(sent) && wasOnDisk(sent))
                            .toList());
        }
        return "a kill";
    }

    /** What was acked before its insert was taken never lies there, though its receipt says that it is safe: its reader has it. */
    private boolean wasOnDisk(Sent sent) {
        return (sent.isSystem() && !sent.isDeleted)
                || (sent.receipt.isDone()
                        && !sent.receipt.isCompletedExceptionally()
                        && sent.receipt.join().status() == Receipt.Status.STORED
                        && queues.hasRow(sent.receipt.join().eventId()));
    }

    private static int numberOf(Event event) {
        return Integer.parseInt(event.payload().substring(0, event.payload().indexOf(':')));
    }

    private Sent sent(Event event) {
        @Nullable Sent sent = everything.get(numberOf(event));
        if (sent == null) {
            throw new AssertionError(numberOf(event) + " was never taken in");
        }
        return sent;
    }

    void compare() {
        finishPolls();
        compareReceipts();
        compareAcks();
        compareMemory();
        Id owner = anybody();
        Line line = model.line(owner);
        compare(owner, line);
        for (Device device : devices) {
            if (device.owner.equals(owner)) {
                compare(device, line);
            }
        }
        comparePolls(owner, line);
    }

    /** The first page, the count and the total of what ran out. */
    private void compare(Id owner, Line line) {
        List<Sent> alive = line.alive(instant());
        int count = queues.queue.pending(owner);
        line.purge(instant());
        Page page = queues.queue.page(owner, Wanted.EVERYTHING, 1 + random.nextInt(100));
        if (line.mayCountLess && page.expired() < line.expired) {
            line.expired = page.expired();
        }
        line.mayCountLess = false;
        COUNT.check(page.expired() == line.expired, page.expired() + " expired, not " + line.expired);
        ACCEPTED.check(page.events().isEmpty() == alive.isEmpty(), "an empty page of " + alive.size());
        COUNT.check(
                page.more() == (page.events().size() < alive.size()),
                "more is " + page.more() + " with " + page.events().size() + " of " + alive.size() + ", " + count
                        + " pending; not shown: " + notShown(alive, page));
        long seq = 0;
        for (int i = 0; i < page.events().size(); i++) {
            Event event = page.events().get(i);
            ORDER.check(event.seq() > seq, "a page falls in seq");
            seq = event.seq();
            compare(event, alive.get(i));
        }
        COUNT.check(count == alive.size(), count + " pending, not " + alive.size());
    }

    /** For whoever must find out why. */
    private static String notShown(List<Sent> alive, Page page) {
        Set<Integer> shown = new HashSet<>();
        page.events().forEach(event -> shown.add(numberOf(event)));
        return alive.stream()
                .filter(sent -> !shown.contains(sent.number))
                .limit(5)
                .map(sent -> sent.number + (sent.isSystem() ? " system" : "") + (sent.isAcked ? " acked" : "") + " "
                        + (sent.isSystem() ? "" : sent.receipt))
                .toList()
                .toString();
    }

    /** The whole queue, read as a client reads it who acks nothing: by devices with as many windows as it takes. */
    private void compareAll(Id owner, Line line) {
        compare(owner, line);
        Ear ear = queues.connect(owner);
        List<Sent> alive = line.alive(instant());
        List<Event> heard = ear.heard();
        DELIVERY.check(alive.isEmpty() || !heard.isEmpty(), "a device comes and hears nothing");
        for (int i = 0; i < heard.size(); i++) {
            compare(heard.get(i), alive.get(i));
        }
        queues.queue.disconnect(owner, ear);
    }

    /** Everything that was ever taken in and may still come does come, in order, until nothing is left. */
    void finish() {
        if (isFull) {
            queues.settle();
            compareReceipts();
            compareAcks();
            makeRoom();
        }
        rest();
        for (Id owner : users) {
            Line line = model.line(owner);
            line.purge(instant());
            Page page = queues.queue.page(owner, Wanted.EVERYTHING, 100);
            while (!page.events().isEmpty()) {
                List<Sent> alive = line.alive(instant());
                for (int i = 0; i < page.events().size(); i++) {
                    compare(page.events().get(i), alive.get(i));
                }
                List<Sent> taken =
                        List.copyOf(line.pending.subList(0, page.events().size()));
                line.pending.removeAll(taken);
                long seq = page.events().get(taken.size() - 1).seq();
                acked(owner, taken, queues.queue.ackUpTo(owner, Wanted.EVERYTHING, seq));
                page = queues.queue.page(owner, Wanted.EVERYTHING, 100);
            }
            ACCEPTED.check(line.pending.isEmpty(), line.pending.size() + " never came");
        }
        rest();
    }

    /** Bodies on their way to the disk or to an ack; counted before they are asked for, because they only become fewer. */
    private void compareMemory() {
        long most = 0;
        Set<Sent> awaited = Collections.newSetFromMap(new IdentityHashMap<>());
        awaited.addAll(dropped);
        withoutReceipt.stream().filter(sent -> !sent.receipt.isDone()).forEach(awaited::add);
        for (Sent sent : awaited) {
            boolean isRetry = everything.get(sent.number) != sent;
            if (!isRetry) {
                most += sent.bytes;
            }
        }
        long bytes = queues.queue.bytesInMemory();
        MEMORY.check(bytes >= 0 && bytes <= most, bytes + " bytes in memory of " + most);
    }

    private void compare(Event event, Sent sent) {
        PRIVATE.check(sent(event).target.equals(sent.target), numberOf(event) + " is shown to somebody else");
        int number = numberOf(event);
        (number < sent.number ? ORDER : ACCEPTED)
                .check(event.payload().equals(sent.payload), number + " instead of " + sent.number);
        RETRY.check(event.kind().equals(sent.kind), "another kind");
        RETRY.check(event.expiresAt().equals(sent.expiresAt), "another expiry");
        RETRY.check((event.from() == null) == sent.isSystem(), "another sender");
        model.line(sent.target).saw(event, sent);
        model.sawId(sent, event.eventId());
    }

    /** Everything it was pushed was its owner's and in order. */
    private void compareHeard(Device device, Line line) {
        List<Event> heard = device.ear.heardSince(device.compared);
        device.compared += heard.size();
        for (Event event : heard) {
            ORDER.check(event.seq() > device.lastSeq, "pushed out of order");
            device.lastSeq = event.seq();
            Sent sent = sent(event);
            PRIVATE.check(sent.target.equals(device.owner), "pushed to somebody else");
            line.saw(event, sent);
            model.sawId(sent, event.eventId());
            device.heard.add(sent.number);
        }
    }

    /** It has at most its window, and what it was not pushed is past that. */
    private void compare(Device device, Line line) {
        compareHeard(device, line);
        List<Sent> alive = line.alive(instant());
        List<Sent> inFlight = alive.stream()
                .filter(sent -> device.heard.contains(sent.number))
                .toList();
        DELIVERY.check(inFlight.size() <= Limits.UNACKED_PER_SOCKET_MAX, inFlight.size() + " in flight");
        Optional<Sent> missing = alive.stream()
                .filter(sent -> !device.heard.contains(sent.number))
                .findFirst();
        if (missing.isEmpty()) {
            return;
        }
        Sent next = missing.get();
        long bytes = inFlight.stream().mapToLong(sent -> sent.bytes).sum();
        DELIVERY.check(
                inFlight.size() == Limits.UNACKED_PER_SOCKET_MAX
                        || (!inFlight.isEmpty() && bytes + next.bytes > Limits.UNACKED_BYTES_PER_SOCKET_MAX),
                next.number + " was not pushed: " + inFlight.size() + " in flight, " + bytes + " bytes");
    }

    private void comparePolls(Id owner, Line line) {
        for (Poll poll : polls) {
            boolean wants = line.alive(instant()).stream()
                    .anyMatch(sent -> poll.wanted == Wanted.EVERYTHING || sent.isSignal());
            DELIVERY.check(!poll.owner.equals(owner) || !wants, "a poll sleeps on");
        }
    }

    /** Reading takes out what ran out; so does a poll that ends. */
    private void finishPolls() {
        polls.stream().filter(poll -> poll.page.isDone()).forEach(poll -> model.line(poll.owner)
                .purge(instant()));
        polls.removeIf(poll -> poll.page.isDone() && isRight(poll));
    }

    private boolean isRight(Poll poll) {
        for (Event event : now(poll.page).events()) {
            Sent sent = sent(event);
            PRIVATE.check(sent.target.equals(poll.owner), "polled by somebody else");
            PRIVATE.check(poll.wanted == Wanted.EVERYTHING || sent.isSignal(), "not what was polled for");
        }
        return true;
    }

    private void compareReceipts() {
        for (Sent sent : List.copyOf(withoutReceipt)) {
            if (!sent.receipt.isDone()) {
                continue;
            }
            withoutReceipt.remove(sent);
            boolean isPending = model.line(sent.target).pending.contains(sent);
            @Nullable
            Receipt receipt = sent.receipt.handle((given, failed) -> given).join();
            if (receipt == null) {
                if (isFull && isRefusedForRoom(sent)) {
                    model.line(sent.target).pending.remove(sent);
                    continue;
                }
                RECEIPT.check(!isPending, sent.number + " was refused and is still pending: " + refusal(sent));
                continue;
            }
            if (receipt.status() == Receipt.Status.DELIVERED) {
                RECEIPT.check(sent.isAcked, sent.number + " is called delivered and was not acked");
                RECEIPT.check(sent.mayBeDelivered, sent.number + " tells that its recipient is there");
            }
            RECEIPT.check(receipt.expiresAt().equals(sent.expiresAt), "another expiry on the receipt");
            model.sawId(sent, receipt.eventId());
        }
    }

    private static boolean isRefusedForRoom(Sent sent) {
        return refusal(sent) instanceof Refused refused && refused.reason() == Reason.STORAGE_FULL;
    }

    private static Throwable refusal(Sent sent) {
        Throwable failed = sent.receipt
                .handle((given, thrown) -> thrown == null ? new IllegalStateException() : thrown)
                .join();
        return failed.getCause() == null ? failed : failed.getCause();
    }

    @Override
    public void close() {
        queues.close();
    }
}
