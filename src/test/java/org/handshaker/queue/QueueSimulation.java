// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.handshaker.queue.QueueModel.check;
import static org.handshaker.queue.Queues.now;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
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
    private final List<Device> devices = new ArrayList<>();
    private final List<Poll> polls = new ArrayList<>();
    private final List<Ack> acks = new ArrayList<>();
    private int numbers;
    private int ids;

    private record Device(Id owner, Ear ear) {}

    private record Ack(CompletableFuture<Integer> removed, int expected) {}

    private record Poll(Id owner, Wanted wanted, CompletableFuture<Page> page) {}

    QueueSimulation(Path directory, Random random) {
        this.queues = new Queues(directory);
        this.random = random;
        for (int i = 0; i < USERS; i++) {
            users.add(Id.random());
        }
    }

    String step() {
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
        return dice < 99 ? time() : disaster();
    }

    private Id anybody() {
        return users.get(random.nextInt(USERS));
    }

    private Instant instant() {
        return queues.time.instant();
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

    /** More than a device's window holds. */
    private String burst() {
        Id target = anybody();
        int many = chance(10) ? 2 * Limits.UNACKED_PER_SOCKET_MAX : 10;
        for (int i = 0; i < many; i++) {
            offer(users.get(i % 2), target, null);
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
            check(!fits && refused.reason() == Reason.QUEUE_FULL, "refused: " + refused.reason());
            return "refused";
        }
        check(fits, "taken in although the queue is full");
        if (first.isPresent()) {
            // After a restart it is another future with the same receipt.
            withoutReceipt.add(copyOf(first.get(), receipt));
            return "a retry of " + first.get().number;
        }
        sent.receipt = receipt;
        line.add(sent);
        everything.put(sent.number, sent);
        withoutReceipt.add(sent);
        if (key != null) {
            repeatable.add(sent);
        }
        return "send " + sent.number;
    }

    private static Sent copyOf(Sent sent, CompletableFuture<Receipt> receipt) {
        Sent copy = new Sent(
                sent.number, sent.sender, sent.target, sent.kind, sent.payload, sent.expiresAt, true, sent.key);
        copy.receipt = receipt;
        copy.isAcked = true;
        return copy;
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
                acked(taken, queues.queue.clearSignals(owner));
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
            acked(all ? line.take(wants) : List.of(), queues.queue.ackUpTo(owner, wanted, all ? Long.MAX_VALUE : 0));
            return all ? "ack everything" : "ack nothing";
        }
        Sent last = any(seen);
        int upTo = line.pending.indexOf(last);
        List<Sent> before = List.copyOf(line.pending.subList(0, upTo + 1));
        long seq = line.seqOfNumber.getOrDefault(last.number, 0L);
        acked(line.take(sent -> before.contains(sent) && wants.test(sent)), queues.queue.ackUpTo(owner, wanted, seq));
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
        acked(line.take(sent -> numbersOfThem.contains(sent.number)), queues.queue.ack(owner, eventIds));
        return "ack some";
    }

    private void acked(List<Sent> taken, CompletableFuture<Integer> removed) {
        taken.forEach(sent -> sent.isAcked = true);
        acks.add(new Ack(removed, taken.size()));
    }

    private void compareAcks() {
        acks.removeIf(ack -> {
            if (ack.removed.isDone()) {
                int count = now(ack.removed);
                check(count == ack.expected, count + " removed, not " + ack.expected);
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
        List<Sent> came = new ArrayList<>();
        compare(one, model.line(one));
        compare(other, model.line(other));
        try {
            queues.store.database().write(handle -> {
                if (drops) {
                    queues.queue.dropBetween(handle, one, other);
                }
                for (int i = random.nextInt(6); i >= 0; i--) {
                    if (chance(70)) {
                        came.add(announce(handle, random.nextBoolean() ? one : other));
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
            check(refuses && refused.reason() == Reason.NOT_FOUND, "refused: " + refused.reason());
            came.removeIf(Sent::isSystem);
        }
        for (Sent sent : came) {
            Line line = model.line(sent.target);
            line.take(old -> sent.replaces(old) && !came.contains(old));
            line.add(sent);
        }
        if (drops && !refuses) {
            model.line(one).take(sent -> sent.isFrom(other));
            model.line(other).take(sent -> sent.isFrom(one));
        }
        return (refuses ? "refused " : "") + (drops ? "drop" : "announcement");
    }

    private Sent announce(Handle handle, Id target) {
        String kind = any(SYSTEM);
        String subject = "subject " + random.nextInt(4);
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
        if (!model.line(target).hasRoom(sender, 40_000)) {
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
            case 4 -> queues.time.advance(Duration.ofHours(random.nextInt(100)));
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
        compareAcks();
        check(acks.isEmpty(), "an ack is not answered");
        withoutReceipt.forEach(sent -> check(sent.receipt.isDone(), sent.number + " has no receipt"));
        long pending = 0;
        for (Line line : model.all()) {
            pending += line.pending.size();
        }
        check(queues.rows() == pending, queues.rows() + " rows for " + pending + " events");
        check(queues.queue.bytesInMemory() == 0, queues.queue.bytesInMemory() + " bytes in memory");
    }

    private String disaster() {
        if (chance(25)) {
            Id gone = anybody();
            queues.accountGone(gone);
            model.gone(gone);
            users.set(users.indexOf(gone), Id.random());
            devices.removeIf(device -> device.owner.equals(gone));
            return "an account goes";
        }
        boolean isCrash = random.nextBoolean();
        if (isCrash) {
            queues.crash();
            // What was in memory only had no receipt.
            model.all().forEach(line -> line.take(sent -> !sent.isSystem() && !sent.receipt.isDone()));
            withoutReceipt.removeIf(sent -> !sent.receipt.isDone());
        } else {
            queues.restart();
            finishPolls();
            withoutReceipt.forEach(sent -> check(sent.receipt.isDone(), sent.number + " has no receipt"));
        }
        compareAcks();
        check(acks.isEmpty(), "an ack is not answered");
        devices.clear();
        polls.clear();
        return isCrash ? "a crash" : "a restart";
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
        check(count == alive.size(), count + " pending, not " + alive.size());
        line.purge(instant());
        Page page = queues.queue.page(owner, Wanted.EVERYTHING, 1 + random.nextInt(100));
        check(page.expired() == line.expired, page.expired() + " expired, not " + line.expired);
        check(page.events().isEmpty() == alive.isEmpty(), "an empty page of " + alive.size());
        check(page.more() == (page.events().size() < alive.size()), "more is " + page.more());
        long seq = 0;
        for (int i = 0; i < page.events().size(); i++) {
            Event event = page.events().get(i);
            check(event.seq() > seq, "out of order");
            seq = event.seq();
            compare(event, alive.get(i));
        }
    }

    private void compare(Event event, Sent sent) {
        check(event.payload().equals(sent.payload), numberOf(event) + " instead of " + sent.number);
        check(event.kind().equals(sent.kind), "another kind");
        check(event.expiresAt().equals(sent.expiresAt), "another expiry");
        check((event.from() == null) == sent.isSystem(), "another sender");
        model.line(sent.target).saw(event, sent);
        model.sawId(sent, event.eventId());
    }

    /** Everything it was pushed was its owner's and in order, and what it was not pushed is past its window. */
    private void compare(Device device, Line line) {
        long seq = 0;
        Map<Integer, Sent> missing = new HashMap<>();
        List<Sent> alive = line.alive(instant());
        alive.forEach(sent -> missing.put(sent.number, sent));
        for (Event event : device.ear.heard()) {
            check(event.seq() > seq, "pushed out of order");
            seq = event.seq();
            Sent sent = sent(event);
            check(sent.target.equals(device.owner), "pushed to somebody else");
            line.saw(event, sent);
            missing.remove(sent.number);
        }
        if (missing.isEmpty()) {
            return;
        }
        List<Sent> inFlight =
                alive.stream().filter(sent -> !missing.containsKey(sent.number)).toList();
        Sent next = alive.stream()
                .filter(sent -> missing.containsKey(sent.number))
                .findFirst()
                .orElseThrow();
        long bytes = inFlight.stream().mapToLong(sent -> sent.bytes).sum();
        check(
                inFlight.size() >= Limits.UNACKED_PER_SOCKET_MAX
                        || (!inFlight.isEmpty() && bytes + next.bytes > Limits.UNACKED_BYTES_PER_SOCKET_MAX),
                next.number + " was not pushed: " + inFlight.size() + " in flight, " + bytes + " bytes");
    }

    private void comparePolls(Id owner, Line line) {
        for (Poll poll : polls) {
            boolean wants = line.alive(instant()).stream()
                    .anyMatch(sent -> poll.wanted == Wanted.EVERYTHING || sent.isSignal());
            check(!poll.owner.equals(owner) || !wants, "a poll sleeps on");
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
            check(sent.target.equals(poll.owner), "polled by somebody else");
            check(poll.wanted == Wanted.EVERYTHING || sent.isSignal(), "not what was polled for");
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
                check(!isPending, sent.number + " has no receipt and is still pending");
                continue;
            }
            if (receipt.status() == Receipt.Status.DELIVERED) {
                check(sent.isAcked, sent.number + " is called delivered and was not acked");
                check(sent.mayBeDelivered, sent.number + " tells that its recipient is there");
            }
            check(receipt.expiresAt().equals(sent.expiresAt), "another expiry on the receipt");
            model.sawId(sent, receipt.eventId());
        }
    }

    @Override
    public void close() {
        queues.close();
    }
}
