// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The key of the store: 256 random bits of its own, sealed by the master key in a small file beside the database. So the master
 * key can be another one tomorrow without a row being written, and a few bytes that are overwritten make the whole database
 * noise, also where the master key is out of the relay's reach.
 *
 * <p>While the master key is changed the file holds two seals of the same key, an old and a new one, and either opens it; the
 * first start with the new one wipes the old.
 */
public final class StoreKey {
    /** In the data directory: without it a copy of that is worth nothing, to its owner either. */
    public static final String FILE = "store.key";

    private static final String WRONG =
            "This key is not the one of this database: check --key-file. Nothing was read or written with it.";
    private static final String UNREADABLE = "The file " + FILE
            + " of the data directory cannot be made, read or written: check --data. Nothing was touched.";
    private static final int SEALED_BYTES = Vault.MASTER_BYTES + SealKey.SEALING_BYTES;

    /** The slot that a master key opens. */
    private record Opened(int slot, long number, byte[] key) {
        @Override
        public String toString() {
            return "Opened";
        }
    }

    private StoreKey() {}

    /** Whether there is a database in the directory, whose key must not be made anew. */
    public static boolean isStoreIn(Path data) {
        return Files.exists(data.resolve("handshaker.db"));
    }

    /**
     * The vault of the store in the directory; makes a key for a new one. The master key of a store without such a file is the
     * store's key itself: so it was before there were any.
     *
     * @param master 32 bytes; the caller wipes them
     * @throws Unusable with nothing touched, when the master key is another store's
     */
    public static Vault open(Path data, byte[] master) {
        Path file = data.resolve(FILE);
        if (!Files.exists(file) && isStoreIn(data)) {
            return new Vault(master);
        }
        try (SlotFile slots = SlotFile.open(file, "--data")) {
            // Empty without a database: the first start was killed.
            if (isEmpty(slots) && !isStoreIn(data)) {
                byte[] key = Secrets.randomBytes(Vault.MASTER_BYTES);
                write(slots, new Opened(0, 1, key), master);
                return vault(key);
            }
            Opened opened = openSlot(slots, master);
            if (number(slots, 1 - opened.slot) < opened.number) {
                wipeUnlessEmpty(slots, 1 - opened.slot);
            }
            return vault(opened.key);
        } catch (IOException broken) {
            throw new Unusable(UNREADABLE, broken);
        }
    }

    /**
     * The vault of a store that is there; makes and wipes nothing.
     *
     * @param master 32 bytes; the caller wipes them
     * @throws Unusable where the master key is another store's, or cannot be changed
     */
    public static Vault read(Path data, byte[] master) {
        try (SlotFile slots = SlotFile.open(require(data), "--data")) {
            return vault(openSlot(slots, master).key);
        } catch (IOException broken) {
            throw new Unusable(UNREADABLE, broken);
        }
    }

    private static Path require(Path data) {
        Path file = data.resolve(FILE);
        if (!Files.exists(file)) {
            throw new Unusable(
                    isStoreIn(data)
                            ? "This database is from before master keys could be changed, and keeps the one it has: start"
                                    + " anew with another data directory. Nothing was touched."
                            : "There is no database in the data directory: check --data.");
        }
        return file;
    }

    /** From now on the new master key opens the store as well. */
    static void add(Path data, byte[] master, byte[] added) {
        try (SlotFile slots = SlotFile.open(require(data), "--data")) {
            Opened opened = openSlot(slots, master);
            write(slots, new Opened(1 - opened.slot, opened.number + 1, opened.key), added);
            Arrays.fill(opened.key, (byte) 0);
        } catch (IOException broken) {
            throw new Unusable(UNREADABLE, broken);
        }
    }

    /** Where the master key lies, told which one it is from now on. */
    interface Place {
        /** @throws Unusable where it cannot */
        void write(byte[] master);
    }

    /**
     * Another master key in the place of this one. All in one hold of the file: of two who do this at once the later would else
     * take away the key that the earlier has just written down.
     *
     * @param place told between the moment from which the new key opens the store and the one from which the old no longer does
     */
    static void renew(Path data, byte[] master, byte[] next, Place place) {
        try (SlotFile slots = SlotFile.open(require(data), "--data")) {
            Opened opened = openSlot(slots, master);
            write(slots, new Opened(1 - opened.slot, opened.number + 1, opened.key), next);
            Arrays.fill(opened.key, (byte) 0);
            place.write(next);
            slots.wipe(opened.slot);
        } catch (IOException broken) {
            throw new Unusable(UNREADABLE, broken);
        }
    }

    /**
     * Whether this master key is certainly not the one of the store in the directory. Nothing is made, locked or written; a store
     * without such a file, or with one that holds no seal, may be anybody's.
     *
     * @param master 32 bytes; the caller wipes them
     */
    public static boolean isAnothers(Path data, byte[] master) {
        Path file = data.resolve(FILE);
        boolean isSealed = false;
        try {
            for (int slot = 0; slot < SlotFile.SLOTS; slot++) {
                byte[] bytes = SlotFile.peek(file, slot, Long.BYTES + SEALED_BYTES);
                isSealed |= ByteBuffer.wrap(bytes).getLong() != 0;
                @Nullable Opened opened = opened(slot, bytes, master);
                if (opened != null) {
                    Arrays.fill(opened.key, (byte) 0);
                    return false;
                }
            }
            return isSealed;
        } catch (IOException none) {
            return false;
        }
    }

    private static Vault vault(byte[] key) {
        try {
            return new Vault(key);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    private static Opened openSlot(SlotFile slots, byte[] master) throws IOException {
        for (int slot = 0; slot < SlotFile.SLOTS; slot++) {
            @Nullable Opened opened = openSlot(slots, slot, master);
            if (opened != null) {
                return opened;
            }
        }
        throw new Unusable(WRONG);
    }

    private static @Nullable Opened openSlot(SlotFile slots, int slot, byte[] master) throws IOException {
        return opened(slot, slots.read(slot, Long.BYTES + SEALED_BYTES), master);
    }

    private static @Nullable Opened opened(int slot, byte[] read, byte[] master) {
        ByteBuffer bytes = ByteBuffer.wrap(read);
        long number = bytes.getLong();
        byte[] sealed = new byte[SEALED_BYTES];
        bytes.get(sealed);
        SealKey seal = seal(master);
        try {
            return new Opened(slot, number, seal.open(sealed, bound(number)));
        } catch (SealKey.Foreign anothersOrNone) {
            return null;
        } finally {
            seal.forget();
        }
    }

    private static void write(SlotFile slots, Opened what, byte[] master) throws IOException {
        SealKey seal = seal(master);
        byte[] sealed = seal.seal(what.key, bound(what.number));
        seal.forget();
        slots.write(
                what.slot,
                ByteBuffer.allocate(Long.BYTES + SEALED_BYTES)
                        .putLong(what.number)
                        .put(sealed)
                        .array());
    }

    private static SealKey seal(byte[] master) {
        return new SealKey(new Vault(master).derive("store key"));
    }

    private static long number(SlotFile slots, int slot) throws IOException {
        return ByteBuffer.wrap(slots.read(slot, Long.BYTES)).getLong();
    }

    private static boolean isEmpty(SlotFile slots) throws IOException {
        return number(slots, 0) == 0 && number(slots, 1) == 0;
    }

    private static void wipeUnlessEmpty(SlotFile slots, int slot) throws IOException {
        if (number(slots, slot) != 0) {
            slots.wipe(slot);
        }
    }

    /** A seal pasted under another number does not open, so that an old one cannot be made to look new. */
    private static byte[] bound(long number) {
        return Vault.lengthPrefixed(
                FILE, ByteBuffer.allocate(Long.BYTES).putLong(number).array());
    }
}
