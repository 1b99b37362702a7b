// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.handshaker.core.Reason;
import org.handshaker.support.Together;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Things that real threads do at the same moment. */
class ConnectionRacesTest {
    private static final int ROUNDS = 60;

    @TempDir
    Path directory;

    private People people;

    @BeforeEach
    void open() {
        people = new People(directory);
        people.user("alice");
        people.user("bob");
    }

    @AfterEach
    void close() {
        people.close();
    }

    @Test
    void ofTwoAnswersAtOnceExactlyOneCounts() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Request request = people.ask("alice", "bob").request();
            Callable<Outcome> accept =
                    () -> people.respond("bob", request, Answer.ACCEPT).outcome();
            List<Object> results = Together.run(accept, accept, accept);
            assertEquals(1, Collections.frequency(results, Outcome.ACCEPTED));
            assertEquals(2, Collections.frequency(results, Reason.NOT_FOUND));
            assertEquals(2, people.rows());
            people.remove("alice", "bob");
        }
    }

    @Test
    void acceptAndDeclineAtOnceEndInOneOfTheTwo() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Request request = people.ask("alice", "bob").request();
            List<Object> results = Together.run(
                    () -> people.respond("bob", request, Answer.ACCEPT).outcome(),
                    () -> people.respond("bob", request, Answer.DECLINE).outcome());
            assertEquals(1, Collections.frequency(results, Reason.NOT_FOUND));
            boolean accepted = results.contains(Outcome.ACCEPTED);
            assertEquals(accepted, people.areConnected("alice", "bob"));
            if (accepted) {
                people.remove("alice", "bob");
            }
            assertEquals(0, people.rows());
        }
    }

    @Test
    void requestsThatCrossAtOnceConnect() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            List<Object> results =
                    Together.run(() -> people.ask("alice", "bob").outcome(), () -> people.ask("bob", "alice")
                            .outcome());
            assertEquals(EnumSet.of(Outcome.PENDING, Outcome.ACCEPTED), Set.copyOf(results));
            assertTrue(people.areConnected("alice", "bob"));
            assertEquals(2, people.rows());
            people.remove("alice", "bob");
        }
    }

    @Test
    void theSameRequestTwiceAtOnceIsOneRequest() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Callable<Outcome> ask = () -> people.ask("alice", "bob").outcome();
            List<Object> results = Together.run(ask, ask);
            assertEquals(Set.of(Outcome.PENDING, Reason.ALREADY_REQUESTED), Set.copyOf(results));
            people.respond("bob", people.incoming("bob").get(0), Answer.DECLINE);
        }
    }

    @Test
    void aRequestAndABlockAtOnceLeaveTheBlockerAlone() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Together.run(() -> people.ask("bob", "alice"), () -> {
                people.block("alice", "bob");
                return null;
            });
            assertEquals(List.of(), people.incoming("alice"));
            assertEquals(1, people.outgoing("bob").size());
            assertFalse(people.areConnected("alice", "bob"));
            people.block("bob", "alice");
            people.unblock("alice", "bob");
            people.unblock("bob", "alice");
        }
    }

    @Test
    void anAcceptAndABlockAtOnceEndUnconnected() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Request request = people.ask("alice", "bob").request();
            Together.run(() -> people.respond("bob", request, Answer.ACCEPT), () -> {
                people.block("alice", "bob");
                return null;
            });
            assertFalse(people.areConnected("alice", "bob"));
            assertEquals(1, people.rows(), "the block alone is left");
            people.unblock("alice", "bob");
        }
    }

    @Test
    void aRequestAndADeletionAtOnceLeaveNothing() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            String passing = "passing" + round;
            people.user(passing);
            people.connect(passing, "bob");
            Together.run(() -> people.ask("alice", passing), () -> people.ask(passing, "alice"), () -> {
                people.deleteAccount(passing);
                return null;
            });
            assertEquals(0, people.rows());
            assertFalse(people.areConnected(passing, "bob"));
        }
    }

    @Test
    void nobodyIsConnectedAnyMoreOnceARemovalWasConfirmed() throws Exception {
        AtomicBoolean running = new AtomicBoolean(true);
        Callable<Object> watch = () -> {
            while (running.get()) {
                // Fills the memory of connected pairs again and again, also while they are being removed.
                people.areConnected("alice", "bob");
            }
            return null;
        };
        Callable<Object> change = () -> {
            try {
                for (int round = 0; round < 4 * ROUNDS; round++) {
                    people.connect("alice", "bob");
                    assertTrue(people.areConnected("alice", "bob"));
                    people.remove(round % 2 == 0 ? "alice" : "bob", round % 2 == 0 ? "bob" : "alice");
                    for (int again = 0; again < 20; again++) {
                        assertFalse(people.areConnected("bob", "alice"));
                    }
                }
                return null;
            } finally {
                running.set(false);
            }
        };
        Together.run(change, watch, watch);
    }

    @Test
    void manyWhoAskOneAtOnceNeverPassTheBound() throws Exception {
        Callable<?>[] asks = new Callable<?>[120];
        for (int i = 0; i < asks.length; i++) {
            String stranger = "stranger" + i;
            people.user(stranger);
            asks[i] = () -> people.ask(stranger, "alice").outcome();
        }
        List<Object> results = Together.run(asks);
        assertEquals(100, Collections.frequency(results, Outcome.PENDING));
        assertEquals(20, Collections.frequency(results, Reason.TOO_MANY_REQUESTS_PENDING));
        assertEquals(
                100,
                people.incoming("alice").stream()
                        .map(Request::asker)
                        .collect(Collectors.toSet())
                        .size());
    }
}
