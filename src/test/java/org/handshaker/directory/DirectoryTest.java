// SPDX-License-Identifier: MIT
package org.handshaker.directory;

import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.support.TestStore;
import org.handshaker.support.TestTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryTest {
    private static final Username ALICE = new Username("alice");

    @TempDir
    Path directoryOfTest;

    private final TestTime time = new TestTime();
    private TestStore store;
    private Directory directory;

    @BeforeEach
    void open() {
        store = new TestStore(directoryOfTest);
        directory = Directory.open(store.database(), store.vault());
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void reopen() {
        store.reopen();
        directory = Directory.open(store.database(), store.vault());
    }

    private Id create(String name, Listing listing) {
        return store.database().write(handle -> directory
                .create(handle, Id.random(), new Username(name), listing, time.instant())
                .id());
    }

    private void setKey(Id user, String armored, String fingerprint) {
        store.database().write(handle -> {
            directory.setKey(handle, user, armored, fingerprint, time.instant());
            return user;
        });
    }

    private void remove(Id user) {
        store.database().write(handle -> {
            directory.remove(handle, user);
            return user;
        });
    }

    private List<String> search(String text) {
        return directory.search(text).stream().map(user -> user.name().bare()).toList();
    }

    @Test
    void findsAUserByNameAndById() {
        Id alice = create("alice", Listing.EXACT_NAME);
        User found = directory.find(ALICE).orElseThrow();
        assertEquals(alice, found.id());
        assertEquals(found, directory.byId(alice).orElseThrow());
        assertEquals(Optional.of(ALICE), directory.name(alice));
        assertEquals(LocalDate.of(2026, 1, 15), found.createdOn());
        assertTrue(found.presenceVisible());
        assertNull(found.fingerprint());
        assertEquals(Optional.empty(), directory.certificate(alice));
    }

    @Test
    void findsThemAgainAfterARestart() {
        Id alice = create("alice", Listing.PREFIX);
        setKey(alice, "armor", "F00D");
        User before = directory.byId(alice).orElseThrow();
        reopen();
        assertEquals(before, directory.find(ALICE).orElseThrow());
        assertEquals(List.of("alice"), search("ali"));
    }

    @Test
    void knowsNobodyItWasNotToldOf() {
        assertEquals(Optional.empty(), directory.find(ALICE));
        assertEquals(Optional.empty(), directory.byId(Id.random()));
        assertRefused(Reason.NOT_FOUND, () -> directory.require(ALICE));
        assertRefused(Reason.NOT_FOUND, () -> directory.profile(ALICE));
    }

    @Test
    void refusesANameThatIsTaken() {
        Id first = create("alice", Listing.EXACT_NAME);
        assertRefused(Reason.USERNAME_TAKEN, () -> create("alice", Listing.PREFIX));
        assertEquals(first, directory.require(ALICE).id());
        assertEquals(List.of(), search("ali"), "the refused listing must not stick");
    }

    @Test
    void listsByPrefixOnlyThoseWhoWantIt() {
        create("alice", Listing.PREFIX);
        create("alicia", Listing.EXACT_NAME);
        create("alina", Listing.PREFIX);
        create("bob", Listing.PREFIX);
        assertEquals(List.of("alice", "alina"), search("ali"));
        assertEquals(List.of("alice", "alina"), search("@ALI"));
        assertEquals(List.of("alicia"), search("alicia"), "the exact name is found always");
        assertEquals(List.of("alice"), search("@alice"), "and only once");
    }

    @Test
    void findsNobodyByTextThatNoNameBeginsWith() {
        create("alice", Listing.PREFIX);
        for (String text : List.of("", "@", "al", "@al", "@@alice", "ali%", "ali*", "ali ", "álice", "a".repeat(40))) {
            assertEquals(List.of(), search(text));
        }
    }

    @Test
    void answersAtMostTwentyRowsTheExactNameFirst() {
        for (int i = 10; i < 40; i++) {
            create("user" + i, Listing.PREFIX);
        }
        create("user", Listing.EXACT_NAME);
        List<String> found = search("user");
        assertEquals(20, found.size());
        assertEquals("user", found.get(0));
        assertEquals("user10", found.get(1));
    }

    @Test
    void showsAChangeOfListingAtOnceAndAfterARestart() {
        Id alice = create("alice", Listing.EXACT_NAME);
        assertEquals(List.of(), search("ali"));
        assertTrue(directory.change(alice, true, null).discoverable());
        assertEquals(List.of("alice"), search("ali"));
        directory.change(alice, null, false);
        assertEquals(List.of("alice"), search("ali"), "what is not named stays");
        reopen();
        assertEquals(List.of("alice"), search("ali"));
        assertFalse(directory.byId(alice).orElseThrow().presenceVisible());
        directory.change(alice, false, null);
        assertEquals(List.of(), search("ali"));
    }

    @Test
    void tellsListenersOfAChangedSettingAfterItIsInForce() {
        Id alice = create("alice", Listing.EXACT_NAME);
        List<Boolean> seen = new ArrayList<>();
        directory.whenSettingsChange(
                user -> seen.add(directory.byId(user).orElseThrow().presenceVisible()));
        directory.change(alice, null, false);
        directory.change(alice, null, true);
        assertEquals(List.of(false, true), seen);
    }

    @Test
    void showsANewKeyAtOnceDatedByTheDay() {
        Id alice = create("alice", Listing.EXACT_NAME);
        assertNull(directory.require(ALICE).fingerprint());
        time.advance(Duration.ofDays(3));
        setKey(alice, "armor", "F00D");
        assertEquals("F00D", directory.require(ALICE).fingerprint());
        assertEquals("F00D", directory.byId(alice).orElseThrow().fingerprint());
        assertEquals(LocalDate.of(2026, 1, 18), directory.require(ALICE).keyChangedOn());
        assertEquals(Optional.of("armor"), directory.certificate(alice));
        assertEquals("armor", directory.profile(ALICE).certificate());
    }

    @Test
    void tellsListenersOfAKeyInsideTheChange() {
        Id alice = create("alice", Listing.EXACT_NAME);
        List<KeyChange> told = new ArrayList<>();
        directory.whenKeyChanges((handle, user, change) -> told.add(change));
        setKey(alice, "armor", "F00D");
        assertEquals(List.of(new KeyChange(KeyChange.Stage.EFFECTIVE, "F00D", time.instant())), told);

        directory.whenKeyChanges((handle, user, change) -> {
            throw new IllegalStateException("a listener broke");
        });
        assertThrows(IllegalStateException.class, () -> setKey(alice, "other", "BEEF"));
        assertEquals("F00D", directory.require(ALICE).fingerprint(), "a failed change leaves the old key");
    }

    @Test
    void refusesAKeyForNobody() {
        assertRefused(Reason.NOT_FOUND, () -> setKey(Id.random(), "armor", "F00D"));
    }

    @Test
    void answersCertificatesInTheOrderAsked() {
        setKey(create("alice", Listing.EXACT_NAME), "armor a", "F00D");
        create("bob", Listing.EXACT_NAME);
        List<Username> asked = List.of(new Username("nobody"), ALICE, new Username("bob"));
        var found = directory.certificates(asked);
        assertEquals(asked, List.copyOf(found.keySet()));
        assertEquals(Arrays.asList(null, "armor a", null), new ArrayList<>(found.values()));
    }

    @Test
    void forgetsAnAccountWhollyAndFreesItsName() {
        Id alice = create("alice", Listing.PREFIX);
        directory.require(ALICE);
        List<Username> gone = new ArrayList<>();
        directory.whenGone((handle, user) ->
                gone.add(directory.byId(handle, user).orElseThrow().name()));
        remove(alice);
        assertEquals(List.of(ALICE), gone, "listeners can still look the user up");
        assertEquals(Optional.empty(), directory.find(ALICE));
        assertEquals(Optional.empty(), directory.byId(alice));
        assertEquals(List.of(), search("alice"));
        assertRefused(Reason.NOT_SIGNED_IN, () -> directory.profile(alice));
        assertRefused(Reason.NOT_SIGNED_IN, () -> directory.change(alice, true, null));
        assertRefused(Reason.NOT_FOUND, () -> remove(alice));

        Id second = create("alice", Listing.EXACT_NAME);
        assertEquals(second, directory.require(ALICE).id());
    }

    @Test
    void keepsAnAccountWhoseDeletionFailed() {
        Id alice = create("alice", Listing.PREFIX);
        directory.whenGone((handle, user) -> {
            throw new IllegalStateException("a feature broke");
        });
        assertThrows(IllegalStateException.class, () -> remove(alice));
        assertEquals(alice, directory.require(ALICE).id());
        assertEquals(List.of("alice"), search("ali"));
    }

    @Test
    void listsNoMoreNamesThanThereIsRoomFor() {
        Names names = new Names(2);
        for (String name : List.of("alice", "bob1", "carol", "alice")) {
            names.add(new Username(name));
        }
        assertEquals(List.of(), names.startingWith("carol", 20));
        names.remove(new Username("bob1"));
        names.remove(new Username("bob1"));
        names.add(new Username("carol"));
        names.add(new Username("dave"));
        assertEquals(List.of(new Username("carol")), names.startingWith("carol", 20));
        assertEquals(List.of(), names.startingWith("dave", 20));
    }

    @Test
    void writesNothingReadableAboutAnyone() {
        setKey(create("zz_alice_zz", Listing.PREFIX), "-----BEGIN PGP zz_key_zz", "ABCDEF0123456789");
        directory.change(create("zz_bob_zz", Listing.EXACT_NAME), true, false);
        assertTrue(store.filesHold("CREATE TABLE users"), "the scan sees the files");
        assertFalse(store.filesHold("zz_"), "neither while it runs");
        assertFalse(store.filesHold("ABCDEF0123456789"));
        store.reopen();
        assertFalse(store.filesHold("zz_"), "nor after it was closed");
        assertFalse(store.filesHold("ABCDEF0123456789"));
    }
}
