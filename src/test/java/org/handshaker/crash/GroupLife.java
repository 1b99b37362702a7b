// SPDX-License-Identifier: MIT
package org.handshaker.crash;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.handshaker.client.Event;
import org.handshaker.client.Events;
import org.handshaker.client.GroupView;
import org.handshaker.client.Poll;
import org.handshaker.client.PrekeyBundle;
import org.handshaker.client.Receipt;
import org.handshaker.client.RelayClient;
import org.handshaker.client.RelayRefused;
import org.handshaker.client.RelaySocket;
import org.handshaker.client.RelayUnreachable;
import org.jspecify.annotations.Nullable;

/**
 * One life of the relay under the load of a group: Ann sends by calls and Cat by a socket, Ben lets Eve in and out and renews
 * keys, all others redeem one invite at once, two take Dan's prekeys, and everybody reads.
 */
final class GroupLife {
    /** Less than what a queue holds of one sender: with nobody reading none is full. */
    private static final int SENDS_MAX = 200;

    private static final int OPEN_MAX = 16;
    private static final int SENDS_PER_CHANGE = 8;
    private static final int TAKES = 15;
    private static final long PATIENCE_SECONDS = 60;

    /** An event that got its receipt, in the epoch that stands in it. */
    record Accepted(String sender, String payload, long epoch) {}

    private final Map<String, RelayClient> people;
    private final Map<String, Ledger> ledgers;
    private final String group;
    private final String hallInvite;
    private final int life;
    private final long seed;
    private final CountDownLatch receipts;
    private final Semaphore untilTheNextChange = new Semaphore(0);
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean isOver;
    private volatile long epoch;
    private volatile boolean isEveIn;

    /** Whether Eve was in it, by epoch: what Ben was told. */
    final Map<Long, Boolean> eveIn = new ConcurrentHashMap<>();

    final ConcurrentLinkedQueue<Accepted> accepted = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<Event> eveSaw = new ConcurrentLinkedQueue<>();
    /** Who was told to be let into the hall. */
    final Set<String> told = ConcurrentHashMap.newKeySet();
    /** The prekeys that somebody was told, once each. */
    final ConcurrentLinkedQueue<String> taken = new ConcurrentLinkedQueue<>();

    /**
     * Starts no thread yet.
     *
     * @param view the group as it is
     * @param hallInvite leads into another group
     * @param receipts counted down at each receipt
     */
    GroupLife(
            Map<String, RelayClient> people,
            Map<String, Ledger> ledgers,
            String group,
            GroupView view,
            String hallInvite,
            int life,
            long seed,
            CountDownLatch receipts) {
        this.people = people;
        this.ledgers = ledgers;
        this.group = group;
        this.hallInvite = hallInvite;
        this.life = life;
        this.seed = seed;
        this.receipts = receipts;
        this.epoch = view.epoch();
        this.isEveIn =
                view.members().stream().anyMatch(member -> member.username().equals("@eve"));
        eveIn.put(epoch, isEveIn);
    }

    private interface Work {
        void run(Random random) throws Exception;
    }

    void begin() {
        start("ann sends", this::sendByCalls);
        start("cat sends", this::sendOverSocket);
        start("ben changes", this::change);
        for (String name : List.of("ben", "cat", "dan", "eve")) {
            start(name + " redeems", random -> redeem(name));
        }
        for (String name : List.of("ann", "cat")) {
            start(name + " takes", random -> take(name));
        }
        for (String name : List.of("ann", "ben", "dan", "eve")) {
            start(name + " reads", random -> read(name, random));
        }
    }

    private void start(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run(new Random(seed ^ name.hashCode()));
                    } catch (Throwable thrown) {
                        if (!isEnd(thrown)) {
                            failure.compareAndSet(null, thrown);
                        }
                    }
                },
                name);
        threads.add(thread);
        thread.start();
    }

    /** The relay has ended; everybody notices. */
    void end() throws InterruptedException {
        isOver = true;
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
            if (thread.isAlive()) {
                throw new AssertionError(thread.getName() + " waits for a relay that has ended");
            }
        }
        @Nullable Throwable broken = failure.get();
        if (broken != null) {
            throw new AssertionError(broken);
        }
    }

    private static boolean isEnd(@Nullable Throwable thrown) {
        return thrown instanceof RelayUnreachable
                || (thrown instanceof RelayRefused refused && refused.code().equals("shutting_down"));
    }

    private RelayClient person(String name) {
        return Objects.requireNonNull(people.get(name), name);
    }

    private Ledger ledger(String name) {
        return Objects.requireNonNull(ledgers.get(name), name);
    }

    private String payload(String sender, int number, long inEpoch, Random random) {
        return sender + "-" + life + ":" + number + ":" + inEpoch + ":" + "x".repeat(random.nextInt(600));
    }

    private void sendByCalls(Random random) {
        RelayClient ann = person("ann");
        for (int number = 0; !isOver && number < SENDS_MAX; number++) {
            long mine = epoch;
            String payload = payload("ann", number, mine, random);
            try {
                GroupView.HandedRound round = ann.sendToGroup(group, mine, "message", payload);
                if (round.membersFull() > 0) {
                    throw new AssertionError("a queue is full");
                }
                accepted("ann", payload, mine);
            } catch (RelayRefused refused) {
                requireStale(refused);
                epoch = Math.max(epoch, ann.group(group).epoch());
            }
        }
    }

    private void accepted(String sender, String payload, long inEpoch) {
        accepted.add(new Accepted(sender, payload, inEpoch));
        receipts.countDown();
        untilTheNextChange.release();
    }

    private static void requireStale(RelayRefused refused) {
        if (!refused.code().equals("stale_epoch")) {
            throw refused;
        }
    }

    private void sendOverSocket(Random random) throws Exception {
        record Open(String payload, long epoch, CompletableFuture<Receipt> receipt) {}
        Deque<Open> open = new ArrayDeque<>();
        RelaySocket socket = readingSocket();
        for (int number = 0; !isOver && socket.isOpen() && number < SENDS_MAX; number++) {
            long mine = epoch;
            String payload = payload("cat", number, mine, random);
            String id = "cat-" + life + "-" + number;
            open.add(new Open(payload, mine, socket.sendToGroup(id, group, mine, "message", payload)));
            if (open.size() == OPEN_MAX) {
                Open oldest = open.remove();
                settle(oldest.payload, oldest.epoch, oldest.receipt);
            }
        }
        for (Open left : open) {
            settle(left.payload, left.epoch, left.receipt);
        }
    }

    private void settle(String payload, long inEpoch, CompletableFuture<Receipt> receipt) throws Exception {
        try {
            receipt.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            accepted("cat", payload, inEpoch);
        } catch (ExecutionException noReceipt) {
            if (noReceipt.getCause() instanceof RelayRefused refused && !isEnd(refused)) {
                requireStale(refused);
                epoch = Math.max(epoch, person("cat").group(group).epoch());
            } else if (!isEnd(noReceipt.getCause())) {
                throw noReceipt;
            }
        } catch (TimeoutException hanging) {
            throw new AssertionError("neither a receipt nor an end", hanging);
        }
    }

    /** What comes for Cat is acked as it comes. */
    private RelaySocket readingSocket() {
        Ledger ledger = ledger("cat");
        AtomicReference<@Nullable RelaySocket> socket = new AtomicReference<>();
        RelaySocket opened = person("cat").socket(event -> {
            if (GroupCrashTest.isMessage(event)) {
                try {
                    ledger.saw(event);
                } catch (AssertionError wrong) {
                    failure.compareAndSet(null, wrong);
                }
            }
            @Nullable RelaySocket open = socket.get();
            if (open != null) {
                ledger.ackedUpTo(event.seq());
                open.ack(event.seq());
            }
        });
        socket.set(opened);
        return opened;
    }

    /** Nobody else changes the group: each change begins the epoch after the last. */
    private void change(Random random) throws InterruptedException {
        RelayClient ben = person("ben");
        while (!isOver) {
            if (!untilTheNextChange.tryAcquire(SENDS_PER_CHANGE, 50, TimeUnit.MILLISECONDS)) {
                continue;
            }
            long next = last() + 1;
            boolean isInNow = isEveIn;
            if (random.nextInt(4) == 0) {
                Map<String, String> keys = new HashMap<>();
                keys.put("@dan", "sealed-for-dan-" + next);
                long begun = ben.rekey(group, keys, next - 1).epoch();
                if (begun != next) {
                    throw new AssertionError("epoch " + begun + " after " + (next - 1));
                }
            } else if (isInNow) {
                ben.removeMember(group, "@eve");
                isInNow = false;
            } else {
                person("eve").redeem(ben.invite("group", group, 1, Duration.ofHours(1)));
                isInNow = true;
            }
            eveIn.put(next, isInNow);
            isEveIn = isInNow;
            epoch = Math.max(epoch, next);
        }
    }

    /** The epoch that Ben knows of. */
    private long last() {
        return eveIn.keySet().stream().mapToLong(Long::longValue).max().orElseThrow();
    }

    private void redeem(String name) {
        try {
            person(name).redeem(hallInvite);
            told.add(name);
        } catch (RelayRefused refused) {
            if (!refused.code().equals("not_found")) {
                throw refused;
            }
        }
    }

    private void take(String name) {
        for (int i = 0; !isOver && i < TAKES; i++) {
            PrekeyBundle.@Nullable Prekey oneTime = person(name).prekeys("@dan").oneTime();
            if (oneTime != null) {
                taken.add(oneTime.key());
            }
        }
    }

    private void read(String name, Random random) {
        Ledger ledger = ledger(name);
        long ack = Poll.NOTHING;
        while (!isOver) {
            Events page = person(name).events(new Poll(1, ack, 1 + random.nextInt(50)));
            page.events().stream().filter(GroupCrashTest::isMessage).forEach(event -> {
                ledger.saw(event);
                if (name.equals("eve")) {
                    eveSaw.add(event);
                }
            });
            ack = page.lastSeq();
            if (ack != Poll.NOTHING) {
                ledger.ackedUpTo(ack);
            }
        }
    }
}
