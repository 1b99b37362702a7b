// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.directory.KeyChange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectionsTest {
    @TempDir
    Path directory;

    private People people;

    @BeforeEach
    void open() {
        people = new People(directory);
        people.user("alice");
        people.user("bob");
        people.user("carol");
    }

    @AfterEach
    void close() {
        people.close();
    }

    @Test
    void aRequestWaitsForItsAddressee() {
        Asked asked = people.connections.ask(people.id("alice"), new Username("bob"), "sealed words");
        assertEquals(Outcome.PENDING, asked.outcome());
        assertEquals(List.of(asked.request()), people.incoming("bob"));
        assertEquals("sealed words", people.incoming("bob").get(0).intro());
        assertEquals(List.of(asked.request()), people.outgoing("alice"));
        assertEquals(
                people.time.instant().plus(Duration.ofDays(7)), asked.request().expiresAt());
        assertFalse(people.areConnected("alice", "bob"));
        assertEquals(List.of("connection.requested"), people.kinds("alice"));
        assertEquals(List.of("connection.requested"), people.kinds("bob"));
        assertEquals(
                List.of("{\"request_id\":\"" + asked.request().id().text()
                        + "\",\"from_user\":\"@alice\",\"to_user\":\"@bob\",\"expires_at\":\"2026-01-22T12:00:00Z\"}"),
                people.payloads("bob"));
    }

    @Test
    void acceptingConnectsBoth() {
        Request request = people.ask("alice", "bob").request();
        people.emptyQueues();
        assertEquals(
                Outcome.ACCEPTED, people.respond("bob", request, Answer.ACCEPT).outcome());
        assertTrue(people.areConnected("alice", "bob"));
        assertTrue(people.areConnected("bob", "alice"));
        assertEquals(List.of(people.id("bob")), people.connections.peersOf(people.id("alice")));
        assertEquals(List.of(people.id("alice")), people.connections.peersOf(people.id("bob")));
        assertEquals(List.of(), people.incoming("bob"));
        assertEquals(List.of(), people.outgoing("alice"));
        assertEquals(List.of("connection.accepted"), people.kinds("alice"));
        assertEquals(List.of("{\"username\":\"@bob\"}"), people.payloads("alice"));
        assertEquals(List.of("connection.accepted"), people.kinds("bob"));
        assertEquals(List.of("{\"username\":\"@alice\"}"), people.payloads("bob"));
    }

    @Test
    void decliningEndsTheRequestWithoutAWord() {
        Request request = people.ask("alice", "bob").request();
        people.emptyQueues();
        assertEquals(
                Outcome.DECLINED, people.respond("bob", request, Answer.DECLINE).outcome());
        assertEquals(List.of(), people.kinds("alice"));
        assertEquals(List.of(), people.kinds("bob"));
        assertEquals(List.of(), people.outgoing("alice"));
        assertEquals(0, people.rows());
        assertEquals(Outcome.PENDING, people.ask("alice", "bob").outcome(), "one may ask again");
    }

    @Test
    void requestsThatCrossAreAccepted() {
        Request first = people.ask("alice", "bob").request();
        Asked second = people.ask("bob", "alice");
        assertEquals(new Asked(first, Outcome.ACCEPTED), second);
        assertTrue(people.areConnected("alice", "bob"));
        assertEquals(List.of("connection.requested", "connection.accepted"), people.kinds("alice"));
        assertEquals(List.of("connection.requested", "connection.accepted"), people.kinds("bob"));
    }

    @Test
    void refusesASecondRequest() {
        people.ask("alice", "bob");
        assertRefused(Reason.ALREADY_REQUESTED, () -> people.ask("alice", "bob"));
        people.ask("bob", "alice");
        assertRefused(Reason.ALREADY_CONNECTED, () -> people.ask("alice", "bob"));
        assertRefused(Reason.ALREADY_CONNECTED, () -> people.ask("bob", "alice"));
    }

    @Test
    void refusesTiesWithOneself() {
        assertRefused(Reason.NOT_WITH_YOURSELF, () -> people.ask("alice", "alice"));
        assertRefused(Reason.NOT_WITH_YOURSELF, () -> people.block("alice", "alice"));
        assertRefused(Reason.NOT_FOUND, () -> people.remove("alice", "alice"));
    }

    @Test
    void doesNotKnowStrangers() {
        assertRefused(Reason.NOT_FOUND, () -> people.ask("alice", "nobody"));
        assertRefused(Reason.NOT_FOUND, () -> people.remove("alice", "nobody"));
        assertRefused(Reason.NOT_FOUND, () -> people.remove("alice", "bob"));
        assertRefused(Reason.NOT_FOUND, () -> people.block("alice", "nobody"));
        assertRefused(Reason.NOT_FOUND, () -> people.unblock("alice", "nobody"));
    }

    @Test
    void onlyTheAddresseeAnswersAndOnlyOnce() {
        Request request = people.ask("alice", "bob").request();
        for (Answer answer : Answer.values()) {
            assertRefused(Reason.NOT_FOUND, () -> people.respond("alice", request, answer));
            assertRefused(Reason.NOT_FOUND, () -> people.respond("carol", request, answer));
            assertRefused(Reason.NOT_FOUND, () -> people.connections.respond(people.id("bob"), Id.random(), answer));
        }
        people.respond("bob", request, Answer.ACCEPT);
        for (Answer answer : Answer.values()) {
            assertRefused(Reason.NOT_FOUND, () -> people.respond("bob", request, answer));
        }
    }

    @Test
    void anExpiredRequestLooksAsIfItNeverWas() {
        Request request = people.ask("alice", "bob").request();
        people.time.advance(Limits.REQUEST_LIFE.minusSeconds(1));
        assertEquals(1, people.incoming("bob").size());
        assertEquals(0, people.sweep());
        people.time.advance(Duration.ofSeconds(1));
        assertEquals(List.of(), people.incoming("bob"));
        assertEquals(List.of(), people.outgoing("alice"));
        assertRefused(Reason.NOT_FOUND, () -> people.respond("bob", request, Answer.ACCEPT));
        assertEquals(Outcome.PENDING, people.ask("bob", "alice").outcome(), "nothing to cross with");
    }

    @Test
    void anExpiredRequestCanBeMadeAgainBeforeTheSweep() {
        people.ask("alice", "bob");
        people.time.advance(Limits.REQUEST_LIFE);
        assertEquals(Outcome.PENDING, people.ask("alice", "bob").outcome());
        assertEquals(1, people.incoming("bob").size());
        assertEquals(1, people.outgoing("alice").size());
    }

    @Test
    void theSweepLeavesNothingOfWhatExpired() {
        people.ask("alice", "bob");
        people.ask("carol", "bob");
        people.time.advance(Limits.REQUEST_LIFE);
        people.ask("bob", "carol");
        assertEquals(1, people.sweep(), "asking cleared the other away");
        assertEquals(0, people.sweep());
        assertEquals(2, people.rows(), "only the fresh request is left");
    }

    @Test
    void removingEndsTheConnectionForBothAndDropsWhatIsPending() {
        people.connect("alice", "bob");
        people.emptyQueues();
        people.connect("alice", "carol");
        people.emptyQueues();
        people.send("alice", "bob", "offer");
        people.send("bob", "alice", "message");
        people.send("carol", "alice", "message");
        people.remove("bob", "alice");
        assertFalse(people.areConnected("alice", "bob"));
        assertFalse(people.areConnected("bob", "alice"));
        assertEquals(List.of("message", "connection.removed"), people.kinds("alice"), "carol's message stays");
        assertEquals(List.of("connection.removed"), people.kinds("bob"));
        people.remove("alice", "carol");
        assertEquals(0, people.rows());
        assertRefused(Reason.NOT_FOUND, () -> people.remove("alice", "bob"));
        people.connect("alice", "bob");
        assertTrue(people.areConnected("alice", "bob"));
    }

    @Test
    void aBlockEndsEveryTieButTheBlockedUserSeesOnlyARemoval() {
        people.connect("alice", "bob");
        people.emptyQueues();
        people.block("alice", "bob");
        people.block("alice", "bob");
        assertFalse(people.areConnected("alice", "bob"));
        assertEquals(List.of("connection.removed"), people.kinds("bob"));
        assertEquals(List.of("connection.removed"), people.kinds("alice"));
        assertEquals(List.of(new Username("bob")), people.connections.blockedBy(people.id("alice")));
        assertEquals(List.of(), people.connections.blockedBy(people.id("bob")));
    }

    @Test
    void askingSomeoneWhoHasBlockedYouLooksLikeAskingSomeoneWhoNeverAnswers() {
        people.block("alice", "bob");
        people.emptyQueues();
        Asked asked = people.ask("bob", "alice");
        assertEquals(Outcome.PENDING, asked.outcome());
        assertEquals(List.of(asked.request()), people.outgoing("bob"));
        assertEquals(List.of(), people.incoming("alice"));
        assertEquals(List.of("connection.requested"), people.kinds("bob"));
        assertEquals(List.of(), people.kinds("alice"));
        assertRefused(Reason.ALREADY_REQUESTED, () -> people.ask("bob", "alice"));
        assertRefused(Reason.NOT_FOUND, () -> people.respond("alice", asked.request(), Answer.ACCEPT));
        people.time.advance(Limits.REQUEST_LIFE);
        assertEquals(List.of(), people.outgoing("bob"));
        assertEquals(1, people.sweep());
        assertEquals(1, people.rows(), "the block alone is left");
    }

    @Test
    void blockingAnAskerLeavesTheRequestPendingForHim() {
        Request request = people.ask("bob", "alice").request();
        people.emptyQueues();
        assertEquals(
                Outcome.BLOCKED, people.respond("alice", request, Answer.BLOCK).outcome());
        assertEquals(List.of(), people.incoming("alice"));
        assertEquals(List.of(request), people.outgoing("bob"));
        assertEquals(List.of(), people.kinds("alice"));
        assertEquals(List.of(), people.kinds("bob"));
        assertRefused(Reason.NOT_FOUND, () -> people.respond("alice", request, Answer.ACCEPT));
        people.unblock("alice", "bob");
        assertEquals(List.of(), people.incoming("alice"), "what ended with the block does not come back");
        assertRefused(Reason.ALREADY_REQUESTED, () -> people.ask("bob", "alice"));
    }

    @Test
    void blockingSomeoneWithdrawsOnesOwnRequest() {
        people.ask("alice", "bob");
        people.block("alice", "bob");
        assertEquals(List.of(), people.outgoing("alice"));
        assertEquals(List.of(), people.incoming("bob"));
    }

    @Test
    void askingAgainAndAgainIsToldOnce() {
        for (int i = 0; i < 5; i++) {
            people.ask("alice", "bob");
            people.block("alice", "bob");
            people.unblock("alice", "bob");
        }
        assertEquals(List.of("connection.requested"), people.kinds("bob"));
    }

    @Test
    void askingSomeoneLiftsOnesOwnBlock() {
        people.block("alice", "bob");
        people.ask("alice", "bob");
        assertEquals(List.of(), people.connections.blockedBy(people.id("alice")));
        assertEquals(1, people.incoming("bob").size());
    }

    @Test
    void askingSomeoneWhoAskedWhileBlockedAcceptsToo() {
        people.block("alice", "bob");
        people.ask("bob", "alice");
        assertEquals(Outcome.ACCEPTED, people.ask("alice", "bob").outcome());
        assertTrue(people.areConnected("bob", "alice"));
        assertEquals(2, people.rows());
    }

    @Test
    void twoWhoBlockEachOtherSeeNothingOfEachOther() {
        people.block("alice", "bob");
        people.block("bob", "alice");
        people.ask("alice", "bob");
        assertEquals(List.of(), people.incoming("bob"), "bob's block still stands");
        people.unblock("bob", "alice");
        assertEquals(List.of(), people.incoming("bob"));
    }

    @Test
    void unblockingSomeoneWhoIsNotBlockedIsHarmless() {
        people.unblock("alice", "bob");
        assertEquals(0, people.rows());
    }

    @Test
    void atMostAHundredWaitForAnyoneWhoeverAsks() {
        for (int i = 0; i < Limits.REQUESTS_PENDING_MAX; i++) {
            people.user("stranger" + i);
            people.ask("stranger" + i, "alice");
        }
        people.block("alice", "carol");
        assertRefused(Reason.TOO_MANY_REQUESTS_PENDING, () -> people.ask("bob", "alice"));
        assertRefused(Reason.TOO_MANY_REQUESTS_PENDING, () -> people.ask("carol", "alice"));
        people.ask("alice", "bob");
        assertEquals(Outcome.ACCEPTED, people.ask("bob", "alice").outcome(), "a full inbox does not bar its owner");
        people.time.advance(Limits.REQUEST_LIFE);
        assertEquals(Outcome.PENDING, people.ask("carol", "alice").outcome(), "before any sweep");
    }

    @Test
    void atMostAHundredWaitByAnyone() {
        for (int i = 0; i < Limits.REQUESTS_PENDING_MAX; i++) {
            people.user("celebrity" + i);
            people.ask("alice", "celebrity" + i);
        }
        assertRefused(Reason.TOO_MANY_REQUESTS_PENDING, () -> people.ask("alice", "bob"));
        people.time.advance(Limits.REQUEST_LIFE);
        assertEquals(Outcome.PENDING, people.ask("alice", "bob").outcome(), "before any sweep");
    }

    @Test
    void connectionsAreBounded() {
        fillConnections("alice");
        assertRefused(Reason.TOO_MANY_CONNECTIONS, () -> people.ask("alice", "bob"));
        Request request = people.ask("bob", "alice").request();
        assertRefused(Reason.TOO_MANY_CONNECTIONS, () -> people.respond("alice", request, Answer.ACCEPT));
        assertRefused(Reason.TOO_MANY_CONNECTIONS, () -> people.ask("alice", "bob"));
        assertEquals(List.of(request), people.incoming("alice"), "a refused answer leaves the request");
    }

    private void fillConnections(String name) {
        ConnectionStore connections = new ConnectionStore(people.store.vault());
        people.store.database().write(handle -> {
            for (int i = 0; i < Limits.CONNECTIONS_PER_USER_MAX; i++) {
                connections.connect(handle, people.id(name), Id.random());
            }
            return name;
        });
    }

    @Test
    void blocksAreBoundedAndThoseOfTheGoneMakeRoom() {
        BlockStore blocks = new BlockStore(people.store.vault());
        people.store.database().write(handle -> {
            for (int i = 0; i < Limits.BLOCKS_PER_USER_MAX; i++) {
                blocks.add(handle, people.id("alice"), Id.random());
            }
            return blocks;
        });
        assertEquals(List.of(), people.connections.blockedBy(people.id("alice")), "those who are gone are not listed");
        people.block("alice", "bob");
        assertEquals(1, people.rows());

        people.store.database().write(handle -> {
            for (int i = 1; i < Limits.BLOCKS_PER_USER_MAX; i++) {
                Id id = people.directory
                        .create(
                                handle,
                                Id.random(),
                                new Username("troll" + i),
                                org.handshaker.directory.Listing.EXACT_NAME,
                                people.time.instant())
                        .id();
                blocks.add(handle, people.id("alice"), id);
            }
            return blocks;
        });
        people.connect("alice", "carol");
        assertRefused(Reason.TOO_MANY_BLOCKS, () -> people.block("alice", "carol"));
        assertTrue(people.areConnected("alice", "carol"), "a refused block changes nothing");
    }

    @Test
    void aDeletedAccountLeavesNothingOnEitherSide() {
        people.connect("alice", "bob");
        people.ask("alice", "carol");
        people.user("dave");
        people.ask("dave", "alice");
        people.user("eve");
        people.block("alice", "eve");
        people.ask("eve", "alice");
        people.emptyQueues();
        people.deleteAccount("alice");
        assertEquals(0, people.rows());
        assertEquals(List.of("connection.removed"), people.kinds("bob"));
        assertEquals(List.of(), people.kinds("alice"), "its own queue is going too");
        assertEquals(List.of(), people.outgoing("eve"));
        assertFalse(people.areConnected("bob", "alice"));
        assertRefused(Reason.NOT_SIGNED_IN, () -> people.ask("alice", "bob"));
        assertRefused(Reason.NOT_SIGNED_IN, () -> people.block("alice", "bob"));
    }

    @Test
    void aBlockOfADeletedAccountDoesNotFallOnTheNextOwnerOfTheName() {
        people.block("alice", "bob");
        people.deleteAccount("bob");
        assertEquals(List.of(), people.connections.blockedBy(people.id("alice")));
        people.user("bob");
        people.ask("bob", "alice");
        assertEquals(1, people.incoming("alice").size());
    }

    @Test
    void aChangeOfKeyIsToldToConnectionsAlone() {
        people.connect("alice", "bob");
        people.ask("alice", "carol");
        people.emptyQueues();
        KeyChange change = new KeyChange(KeyChange.Stage.PENDING, "F00D", people.time.instant());
        people.store.database().write(handle -> {
            people.directory.tell(handle, people.id("alice"), change);
            people.directory.setKey(handle, people.id("alice"), "armor", "F00D", people.time.instant());
            return change;
        });
        assertEquals(List.of("key.pending", "key.changed"), people.kinds("bob"));
        assertEquals(List.of(), people.kinds("carol"));
        assertEquals(
                "{\"username\":\"@alice\",\"fingerprint\":\"F00D\",\"effective_at\":\"2026-01-15T12:00:00Z\"}",
                people.payloads("bob").get(0));
    }

    @Test
    void everythingStandsAfterARestart() {
        people.connect("alice", "bob");
        Request request = people.ask("carol", "alice").request();
        people.block("bob", "carol");
        people.reopen();
        assertTrue(people.areConnected("alice", "bob"));
        assertEquals(List.of(request), people.incoming("alice"));
        assertEquals(List.of(new Username("carol")), people.connections.blockedBy(people.id("bob")));
    }

    @Test
    void noFileTellsWhoKnowsWhom() {
        people.connect("alice", "bob");
        people.connections.ask(people.id("carol"), new Username("alice"), "zz_intro_zz");
        people.block("bob", "carol");
        assertFalse(people.store.filesHold("zz_intro_zz"));
        people.store.reopen();
        people.store.database().read(handle -> {
            for (String table : List.of("connections", "requests", "asked", "blocks")) {
                handle.createQuery("SELECT * FROM " + table).mapToMap().forEach(row -> row.values()
                        .forEach(value -> assertNoId(value)));
            }
            return handle;
        });
        assertSidesShareNoColumn();
    }

    private void assertNoId(Object value) {
        if (value instanceof byte[] bytes) {
            for (String name : List.of("alice", "bob", "carol")) {
                byte[] id = people.id(name).bytes();
                for (int i = 0; i + id.length <= bytes.length; i++) {
                    assertFalse(java.util.Arrays.equals(bytes, i, i + id.length, id, 0, id.length));
                }
            }
        }
    }

    /** The rows of one request, and the two rows of one connection, hold no equal value by which to match them. */
    private void assertSidesShareNoColumn() {
        int matches = people.store.database().read(handle -> handle.createQuery(
                        """
                SELECT (SELECT count(*) FROM requests r, asked a WHERE r.pair = a.pair OR r.addressee = a.asker)
                     + (SELECT count(*) FROM connections one, connections other
                        WHERE one.pair <> other.pair AND one.owner = other.owner)
                """)
                .mapTo(Integer.class)
                .one());
        assertEquals(0, matches);
    }

    @Test
    void requestsThatAreNoMoreCrowdOutNoOtherNews() {
        people.connect("alice", "bob");
        people.emptyQueues();
        people.remove("alice", "bob");
        for (int i = 0; i <= Limits.SYSTEM_EVENTS_MAX; i++) {
            people.user("mallory" + i);
            people.ask("mallory" + i, "bob");
            people.deleteAccount("mallory" + i);
        }
        assertEquals(List.of("connection.removed"), people.kinds("bob"));
    }

    @Test
    void theNewsOfARequestGoesWithTheRequest() {
        Request declined = people.ask("alice", "bob").request();
        people.ask("carol", "bob");
        people.respond("bob", declined, Answer.DECLINE);
        assertEquals(List.of("connection.requested"), people.kinds("bob"));
        assertEquals(List.of("connection.requested"), people.kinds("alice"));
        people.time.advance(Limits.REQUEST_LIFE);
        people.sweep();
        assertEquals(List.of(), people.kinds("bob"));
        assertEquals(List.of(), people.kinds("carol"));
        people.reopen();
        assertEquals(List.of(), people.kinds("bob"));
    }
}
