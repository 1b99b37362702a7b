// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.handshaker.core.Secrets;
import org.jspecify.annotations.Nullable;

/**
 * Shows that a relay does its main job: two throw-away people register, find each other, connect and exchange what a WebRTC
 * call needs, first over plain calls with a long-poll, then over sockets with receipts; then a prekey, an invite into
 * a group, a key and a message there, and a room. Both accounts are deleted at the
 * end, whatever happened before.
 */
public final class Demo {
    private static final int CANDIDATES = 3;
    private static final Duration INVITE_LIFE = Duration.ofMinutes(10);

    private final RelayAddress address;
    private final Consumer<String> out;

    private Demo(RelayAddress address, Consumer<String> out) {
        this.address = address;
        this.out = out;
    }

    /**
     * The command line's way in.
     *
     * @param socks the SOCKS proxy to go through, {@code 127.0.0.1:9050}, or null
     * @return the exit code: 0 where everything worked, 1 where it did not, 2 where the address is none
     */
    public static int run(String relay, @Nullable String socks, Consumer<String> out) {
        try {
            return new Demo(RelayAddress.parse(relay, socks), out).run() ? 0 : 1;
        } catch (IllegalArgumentException notAnAddress) {
            out.accept("failed: " + notAnAddress.getMessage());
            return 2;
        }
    }

    /** Runs it and prints a line for each step; true if everything worked and nothing was left behind. */
    private boolean run() {
        out.accept("relay " + address);
        long start = System.nanoTime();
        // A carrier each: through tor the two come by circuits of their own, as two people would.
        try (Carrier aliceCarrier = Carrier.to(address);
                Carrier bobCarrier = Carrier.to(address)) {
            Guest alice = new Guest(new RelayClient(aliceCarrier));
            Guest bob = new Guest(new RelayClient(bobCarrier));
            boolean worked = attempt(() -> meet(alice, bob)) && attempt(() -> talk(alice, bob));
            boolean aliceLeft = leave("first", alice);
            boolean bobLeft = leave("second", bob);
            if (!worked || !aliceLeft || !bobLeft) {
                return false;
            }
            line(start, "everything works");
            return true;
        }
    }

    private void meet(Guest alice, Guest bob) {
        step("the relay answers: ", alice.client()::health);
        step("the first one registered, recovery codes: ", alice::register);
        step("the second one registered, recovery codes: ", bob::register);
        step("the first found the second, matches: ", () -> {
            List<Person> found = alice.client().search(bob.at());
            require(found.stream().anyMatch(bob::is), "The directory does not find a name that exists.");
            require(bob.is(alice.client().show(bob.at())), "The directory shows someone else.");
            return found.size();
        });
        Approach asked =
                step("the first asked for a connection: ", () -> alice.client().request(bob.at()), "pending");
        step("the second sees the request and accepts: ", () -> {
            Approach.Pending pending = bob.client().pending();
            require(
                    pending.incoming().stream().anyMatch(one -> one.requestId().equals(asked.requestId())),
                    "The request did not arrive.");
            return String.valueOf(
                    bob.client().respond(asked.requestId(), "accept").status());
        });
        step("both are connected: ", () -> {
            require(alice.client().connections().stream().anyMatch(bob::is), "The first one lacks the connection.");
            require(bob.client().connections().stream().anyMatch(alice::is), "The second one lacks the connection.");
            return "yes";
        });
    }

    private void talk(Guest alice, Guest bob) {
        step(
                "ICE servers, addresses: ",
                () -> alice.client().iceServers().urls().size());
        String offer = Secrets.newToken();
        step("an offer by POST, met by a long-poll that acknowledges it: ", () -> {
            CompletableFuture<Event> met = later(() -> bob.pollFor("offer"));
            CompletableFuture<Receipt> sent = later(() -> alice.client().signal(bob.at(), "offer", offer));
            require(offer.equals(carried(bob, met).payload()), "The offer arrived as something else.");
            return carried(alice, sent).status();
        });
        try (Guest.Inbox first = step("the first opened a socket: ", alice::open, "ready");
                Guest.Inbox second = step("the second opened a socket: ", bob::open, "ready")) {
            String answer = Secrets.newToken();
            step("an answer by socket, acknowledged: ", () -> {
                CompletableFuture<Receipt> sent = second.socket().send(alice.at(), "answer", answer);
                require(answer.equals(first.next("answer").payload()), "The answer arrived as something else.");
                return carried(alice, sent).status();
            });
            step(CANDIDATES + " ICE candidates each way, acknowledged: ", () -> {
                List<CompletableFuture<Receipt>> sent = new ArrayList<>();
                for (int i = 0; i < CANDIDATES; i++) {
                    sent.add(first.socket().send(bob.at(), "ice", "candidate " + i));
                    sent.add(second.socket().send(alice.at(), "ice", "candidate " + i));
                }
                for (int i = 0; i < CANDIDATES; i++) {
                    String candidate = "candidate " + i;
                    require(candidate.equals(first.next("ice").payload()), "A candidate came out of order.");
                    require(candidate.equals(second.next("ice").payload()), "A candidate came out of order.");
                }
                sent.forEach(receipt -> carried(alice, receipt));
                return sent.size() + " receipts";
            });
            meetOthers(alice, bob, first, second);
        }
    }

    /** What is for more than two, or for one who is away. */
    private void meetOthers(Guest alice, Guest bob, Guest.Inbox first, Guest.Inbox second) {
        step("the second left a prekey, and the first took it: ", () -> {
            String key = Secrets.newToken();
            bob.client().publishPrekeys(bundle(key));
            PrekeyBundle.@Nullable Prekey taken =
                    alice.client().prekeys(bob.at()).oneTime();
            require(taken != null && key.equals(taken.key()), "The prekey is another one.");
            require(alice.client().prekeys(bob.at()).oneTime() == null, "A prekey was handed out twice.");
            return "once";
        });
        GroupView.Row group =
                step("the first made a group: ", () -> alice.client().createGroup(null), "made");
        long joined = step("an invite let the second in, epoch: ", () -> {
            String invite = alice.client().invite("group", group.groupId(), 1, INVITE_LIFE);
            require(group.groupId().equals(bob.client().redeem(invite).groupId()), "It leads into another group.");
            return bob.client().group(group.groupId()).epoch();
        });
        long epoch = step("a new key was handed round in the group, epoch: ", () -> {
            String key = Secrets.newToken();
            GroupView.HandedRound round = alice.client().rekey(group.groupId(), Map.of(bob.at(), key), joined);
            require(second.next("group.key").payload().contains(key), "The key is another one.");
            return round.epoch();
        });
        step("a message to the group: ", () -> {
            String text = Secrets.newToken();
            CompletableFuture<Receipt> sent =
                    first.socket().sendToGroup(Secrets.newToken(), group.groupId(), epoch, "message", text);
            Event came = second.next("message");
            require(text.equals(came.payload()), "The message arrived as something else.");
            require(group.groupId().equals(came.group()), "The message came through another group.");
            return carried(alice, sent).status();
        });
        step("both met in a room that is in memory only: ", () -> {
            String room = alice.client().makeRoom();
            first.join(room);
            second.join(room);
            String word = Secrets.newToken();
            first.socket().signalRoom(room, "offer", word);
            second.require(word);
            return alice.client().roomMembers(room) + " members";
        });
    }

    private static Map<String, ?> bundle(String oneTime) {
        return Map.<String, Object>of(
                "identity_key",
                Secrets.newToken(),
                "signed_prekey",
                Map.<String, Object>of("key_id", 1, "key", Secrets.newToken(), "signature", Secrets.newToken()),
                "one_time_prekeys",
                List.of(Map.<String, Object>of("key_id", 1, "key", oneTime)));
    }

    private boolean leave(String which, Guest guest) {
        return !guest.client().isSignedIn()
                || attempt(() -> step("the " + which + " one's account is deleted: ", () -> {
                    guest.deleteAccount();
                    return "gone";
                }));
    }

    private boolean attempt(Runnable part) {
        try {
            part.run();
            return true;
        } catch (RelayRefused refused) {
            out.accept("failed: the relay refused: " + refused.detail() + " (" + refused.code() + ")");
        } catch (RelayUnreachable unreachable) {
            out.accept("failed: " + unreachable.getMessage());
        }
        return false;
    }

    /** Prints what came of it, and answers it. */
    private <T> T step(String what, Supplier<T> step) {
        long start = System.nanoTime();
        T value = step.get();
        line(start, what + value);
        return value;
    }

    private <T> T step(String what, Supplier<T> step, String result) {
        long start = System.nanoTime();
        T value = step.get();
        line(start, what + result);
        return value;
    }

    private void line(long start, String text) {
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        out.accept(String.format(Locale.ROOT, "%7d ms  %s", millis, text));
    }

    private static <T> T carried(Guest guest, CompletableFuture<T> answer) {
        return guest.client().carrier().await(answer, Duration.ZERO);
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new RelayUnreachable(otherwise, null);
        }
    }

    private static <T> CompletableFuture<T> later(Supplier<T> call) {
        return CompletableFuture.supplyAsync(call, command -> {
            Thread thread = new Thread(command, "demo");
            thread.setDaemon(true);
            thread.start();
        });
    }
}
