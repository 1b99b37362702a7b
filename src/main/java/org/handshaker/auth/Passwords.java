// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import com.sun.jna.Platform;
import de.mkammerer.argon2.Argon2Advanced;
import de.mkammerer.argon2.Argon2Factory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;
import org.handshaker.core.Reason;
import org.handshaker.core.Secrets;
import org.handshaker.core.Unusable;
import org.jspecify.annotations.Nullable;

/**
 * Hashes and checks passwords with Argon2id (RFC 9106), kept as PHC strings. The reference implementation does the work
 * through argon2-jvm; where it cannot be loaded, Bouncy Castle's does, and neither can tell the other's strings from its own.
 *
 * <p>The native library is always the one in this jar, unpacked into a private directory for the moment of loading. Left to
 * itself, JNA would take whatever libargon2 lies on the system's search path, and leave copies in the user's cache.
 *
 * <p>Passwords are taken as {@code char[]}, which the caller wipes; every copy made here is wiped here.
 */
final class Passwords {
    static final int CHARS_MAX = 128;
    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 32;
    private static final Pattern COST = Pattern.compile("m=(\\d{1,7}),t=(\\d{1,2}),p=(\\d)");
    private static final Pattern PHC =
            Pattern.compile("\\$argon2id\\$v=19\\$(m=\\d{1,7},t=\\d{1,2},p=\\d)\\$([A-Za-z0-9+/]+)\\$([A-Za-z0-9+/]+)");

    /** What one hash costs: memory in KiB, passes, lanes. */
    record Cost(int memoryKib, int passes, int lanes) {
        /** Reads {@code m=65536,t=3,p=1}; {@link Unusable} when it is something else or out of bounds. */
        static Cost parse(String text) {
            Matcher parts = COST.matcher(text);
            if (parts.matches()) {
                Cost cost = new Cost(number(parts, 1), number(parts, 2), number(parts, 3));
                if (cost.isBounded()) {
                    return cost;
                }
            }
            throw new Unusable("--argon2 takes m=KIB,t=PASSES,p=LANES with m 1024 to 1048576, t 1 to 16, p 1 to 8.");
        }

        private boolean isBounded() {
            return memoryKib >= 1_024
                    && memoryKib <= 1_048_576
                    && passes >= 1
                    && passes <= 16
                    && lanes >= 1
                    && lanes <= 8;
        }

        private static int number(Matcher parts, int group) {
            return Integer.parseInt(parts.group(group));
        }

        String text() {
            return "m=" + memoryKib + ",t=" + passes + ",p=" + lanes;
        }
    }

    /** An implementation of Argon2id, version 1.3. */
    interface Argon2id {
        byte[] hash(byte[] password, byte[] salt, Cost cost, int bytes);
    }

    private final Argon2id argon2id;
    private final Cost cost;
    private final int charsMin;
    /** What unknown names are checked against: no password fits, and the work is that of a real check. */
    private final String nobody;

    Passwords(Argon2id argon2id, Cost cost, int charsMin) {
        this.argon2id = argon2id;
        this.cost = cost;
        this.charsMin = charsMin;
        this.nobody = phc(Secrets.randomBytes(SALT_BYTES), Secrets.randomBytes(HASH_BYTES));
    }

    /**
     * Native where it can be loaded, else in Java.
     *
     * @param cost as in the setting {@code argon2}
     * @param charsMin shortest password
     * @param unpackIn a private directory from which libraries can be loaded
     */
    static Passwords open(String cost, int charsMin, Path unpackIn) {
        Argon2id argon2id = loadNative(unpackIn).orElseGet(Passwords::inJava);
        return new Passwords(argon2id, Cost.parse(cost), charsMin);
    }

    /** Refuses with {@code bad_password} what is too short or too long, counted in characters as people see them. */
    void requireFit(char[] password) {
        int chars = Character.codePointCount(password, 0, password.length);
        if (chars < charsMin || chars > CHARS_MAX) {
            throw Reason.BAD_PASSWORD.refuse("A password has " + charsMin + " to " + CHARS_MAX + " characters.");
        }
        wipe(utf8(password));
    }

    /** A PHC string with a fresh salt at today's cost. */
    String hash(char[] password) {
        byte[] salt = Secrets.randomBytes(SALT_BYTES);
        return phc(salt, digest(password, salt, cost, HASH_BYTES));
    }

    boolean matches(char[] password, String phc) {
        Matcher parts = parse(phc);
        byte[] expected = Base64.getDecoder().decode(parts.group(3));
        byte[] salt = Base64.getDecoder().decode(parts.group(2));
        Cost then = Cost.parse(parts.group(1));
        // No password is longer, and hashing a long text would take longer: the work is done, on an empty one.
        boolean tooLong = password.length > 2 * CHARS_MAX;
        byte[] actual = digest(tooLong ? new char[0] : password, salt, then, expected.length);
        return Secrets.same(expected, actual) && !tooLong;
    }

    /** The work of {@link #matches} for a name that nobody has. */
    boolean matchesNobody(char[] password) {
        return matches(password, nobody);
    }

    /** Whether the hash cost less than today's would. */
    boolean needsRehash(String phc) {
        Cost then = Cost.parse(parse(phc).group(1));
        return then.memoryKib < cost.memoryKib || then.passes < cost.passes || then.lanes != cost.lanes;
    }

    static void wipe(char @Nullable [] password) {
        if (password != null) {
            Arrays.fill(password, '\0');
        }
    }

    private static void wipe(byte[] bytes) {
        Arrays.fill(bytes, (byte) 0);
    }

    private byte[] digest(char[] password, byte[] salt, Cost cost, int bytes) {
        byte[] utf8 = utf8(password);
        try {
            return argon2id.hash(utf8, salt, cost, bytes);
        } finally {
            wipe(utf8);
        }
    }

    /** Refuses half a surrogate pair, which would come out as a question mark and fit other passwords. */
    private static byte[] utf8(char[] password) {
        byte[] room = new byte[3 * password.length];
        ByteBuffer encoded = ByteBuffer.wrap(room);
        try {
            CoderResult result = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(password), encoded, true);
            if (result.isError()) {
                throw Reason.BAD_PASSWORD.refuse();
            }
            return Arrays.copyOf(room, encoded.position());
        } finally {
            wipe(room);
        }
    }

    private String phc(byte[] salt, byte[] hash) {
        Base64.Encoder encoder = Base64.getEncoder().withoutPadding();
        return "$argon2id$v=19$" + cost.text() + "$" + encoder.encodeToString(salt) + "$"
                + encoder.encodeToString(hash);
    }

    private static Matcher parse(String phc) {
        Matcher parts = PHC.matcher(phc);
        if (!parts.matches()) {
            throw new IllegalStateException("a stored password hash is no Argon2id PHC string");
        }
        return parts;
    }

    /** The reference implementation from this jar; empty where it cannot be loaded. */
    static Optional<Argon2id> loadNative(Path unpackIn) {
        // To be set before JNA's first class is used; it reads them once.
        System.setProperty("jna.tmpdir", unpackIn.toString());
        System.setProperty("jna.library.path", unpackIn.toString());
        System.setProperty("jna.nosys", "true");
        @Nullable Path library = null;
        try {
            library = unpack(unpackIn);
            if (library == null) {
                return Optional.empty();
            }
            Argon2Advanced loaded = Argon2Factory.createAdvanced(Argon2Factory.Argon2Types.ARGON2id);
            Argon2id argon2id = (password, salt, cost, bytes) ->
                    loaded.pbkdf(cost.passes, cost.memoryKib, cost.lanes, password, salt, bytes);
            argon2id.hash(new byte[1], new byte[SALT_BYTES], new Cost(1_024, 1, 1), HASH_BYTES);
            return Optional.of(argon2id);
        } catch (IOException | LinkageError | RuntimeException unloadable) {
            return Optional.empty();
        } finally {
            forget(library);
        }
    }

    private static @Nullable Path unpack(Path directory) throws IOException {
        String name = System.mapLibraryName("argon2");
        try (@Nullable
                InputStream in = Argon2Factory.class.getResourceAsStream("/" + Platform.RESOURCE_PREFIX + "/" + name)) {
            if (in == null) {
                return null;
            }
            Path library = directory.resolve(name);
            Files.copy(in, library, StandardCopyOption.REPLACE_EXISTING);
            return library;
        }
    }

    private static void forget(@Nullable Path library) {
        try {
            if (library != null) {
                Files.deleteIfExists(library);
            }
        } catch (IOException inUse) {
            // Windows holds a loaded library; the next start overwrites it.
            return;
        }
    }

    static Argon2id inJava() {
        return (password, salt, cost, bytes) -> {
            Argon2BytesGenerator generator = new Argon2BytesGenerator();
            generator.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                    .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                    .withMemoryAsKB(cost.memoryKib)
                    .withIterations(cost.passes)
                    .withParallelism(cost.lanes)
                    .withSalt(salt)
                    .build());
            byte[] hash = new byte[bytes];
            generator.generateBytes(password, hash);
            return hash;
        };
    }
}
