// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.handshaker.auth.Passwords.Cost;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Unusable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PasswordsTest {
    private static final Cost CHEAP = new Cost(1_024, 1, 1);

    @TempDir
    private Path directory;

    private final Passwords inJava = new Passwords(Passwords.inJava(), CHEAP, 12);

    @Test
    void bothImplementationsWriteAndReadTheSameStrings() {
        Passwords inC = new Passwords(Passwords.loadNative(directory).orElseThrow(), CHEAP, 12);
        for (String password : List.of("correct horse battery", "пароль из слов", "\uD83D\uDC0E".repeat(12))) {
            String fromC = inC.hash(password.toCharArray());
            String fromJava = inJava.hash(password.toCharArray());
            assertTrue(fromC.startsWith("$argon2id$v=19$m=1024,t=1,p=1$"), fromC);
            assertTrue(inJava.matches(password.toCharArray(), fromC));
            assertTrue(inC.matches(password.toCharArray(), fromJava));
            assertFalse(inC.matches((password + "x").toCharArray(), fromJava));
        }
        Cost lanes = new Cost(2_048, 2, 4);
        String wide = new Passwords(Passwords.inJava(), lanes, 12).hash("correct horse".toCharArray());
        assertTrue(inC.matches("correct horse".toCharArray(), wide));
    }

    @Test
    void readsTheReferenceImplementationsOwnExample() {
        // From the test suite of github.com/P-H-C/phc-winner-argon2: argon2id, "password", salt "somesalt".
        String phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assertTrue(inJava.matches("password".toCharArray(), phc));
    }

    @Test
    void leavesNoLibraryBehind() throws Exception {
        Path cache = Path.of(System.getProperty("user.home"), ".cache", "JNA", "temp");
        List<Path> cachedBefore = files(cache);
        assertTrue(Passwords.loadNative(directory).isPresent());
        assertEquals(List.of(), files(directory));
        assertEquals(cachedBefore, files(cache));
    }

    private static List<Path> files(Path in) throws Exception {
        if (!Files.exists(in)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(in)) {
            return files.sorted().toList();
        }
    }

    @Test
    void hashesInJavaWhereTheLibraryCannotBeUnpacked() {
        Path missing = directory.resolve("missing");
        assertTrue(Passwords.loadNative(missing).isEmpty());
        Passwords passwords = Passwords.open("m=1024,t=1,p=1", 12, missing);
        assertTrue(passwords.matches("correct horse".toCharArray(), passwords.hash("correct horse".toCharArray())));
    }

    @Test
    void saltsEachHash() {
        assertNotEquals(inJava.hash("correct horse".toCharArray()), inJava.hash("correct horse".toCharArray()));
    }

    @Test
    void noPasswordFitsNobody() {
        assertFalse(inJava.matchesNobody("correct horse".toCharArray()));
        assertFalse(inJava.matchesNobody(new char[0]));
        assertFalse(inJava.matchesNobody("x".repeat(5_000).toCharArray()));
    }

    @Test
    void asksForANewHashOnlyWhenTheCostRose() {
        String old = inJava.hash("correct horse".toCharArray());
        assertFalse(inJava.needsRehash(old));
        assertTrue(new Passwords(Passwords.inJava(), new Cost(2_048, 1, 1), 12).needsRehash(old));
        assertTrue(new Passwords(Passwords.inJava(), new Cost(1_024, 2, 1), 12).needsRehash(old));
    }

    @Test
    void countsCharactersAsPeopleDo() {
        inJava.requireFit("twelve chars".toCharArray());
        inJava.requireFit("\uD83D\uDC0E".repeat(128).toCharArray());
        refuses("eleven char");
        refuses("x".repeat(129));
        refuses("");
        refuses("half a pair \uD83D");
    }

    private void refuses(String password) {
        Refused refused = assertThrows(Refused.class, () -> inJava.requireFit(password.toCharArray()));
        assertEquals(Reason.BAD_PASSWORD, refused.reason());
    }

    @Test
    void readsTheCostWithinBounds() {
        assertEquals(new Cost(65_536, 3, 1), Cost.parse("m=65536,t=3,p=1"));
        for (String bad :
                List.of("", "m=1,t=1,p=1", "m=65536,t=0,p=1", "m=65536,t=3,p=9", "m=9999999,t=3,p=1", "t=3")) {
            assertThrows(Unusable.class, () -> Cost.parse(bad), bad);
        }
    }
}
