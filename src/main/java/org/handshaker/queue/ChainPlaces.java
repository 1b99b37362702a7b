// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.handshaker.core.Config;
import org.handshaker.core.KeyFile;
import org.handshaker.core.PathNotes;
import org.handshaker.core.PrivateFile;
import org.handshaker.core.SlotFile;
import org.handshaker.core.Unusable;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/**
 * Where a store's chain may lie, when nobody has named a file for it: where the settings would put it, where it was put before,
 * and where a note in the data directory says. A change of the master key changes the first, and either key may be the next to
 * start; so the note is written before anything moves, and whoever starts takes the latest link that is this store's, wherever
 * that lies. Another relay's chain is never moved, written over or destroyed.
 */
public final class ChainPlaces {
    /** In the data directory; it names places and holds nothing of the chain. */
    private static final String NOTE = "ratchet.places";

    private static final byte[] ANY_CHAIN = {};

    private final Config config;
    private final Path note;

    public ChainPlaces(Config config) {
        this.config = config;
        this.note = config.data().resolve(NOTE);
    }

    /** All files that may hold this store's chain or a part of it, for whoever destroys it. */
    public List<Path> all() {
        Set<Path> all = new LinkedHashSet<>();
        all.add(config.ratchetFile());
        for (Path noted : PathNotes.read(note)) {
            all.add(noted);
            all.add(part(noted));
        }
        // Where several relays once shared a name only the one that has no other file is known to mean that one.
        // And where a key file lies beside it, it is that relay's.
        if (!Files.exists(config.ratchetFile()) && !Files.exists(config.keyFile())) {
            config.earlierRatchetFile().ifPresent(all::add);
        }
        return List.copyOf(all);
    }

    /**
     * The file with the latest link of the store's chain; where it belongs if there is none.
     *
     * @param known the chain's id, empty before there is one
     */
    Path find(Vault vault, byte[] known) {
        Path best = config.ratchetFile();
        long latest = -1;
        for (Path place : candidates()) {
            long hour = hourIn(vault, known, place);
            if (hour > latest) {
                latest = hour;
                best = place;
            }
        }
        return best;
    }

    /**
     * The chain is in use there: what else is left of it is destroyed, and of the one before it, by which nothing waits any more;
     * and the note says no more than it must. A link that stayed somewhere would be one that is never forgotten.
     *
     * @param before the id of the chain that was the store's until now; empty if there was none
     */
    void settle(Vault vault, byte[] before, byte[] known, Path place) {
        try {
            destroyOthers(vault, known, place);
            if (before.length > 0) {
                destroyOthers(vault, before, place);
            }
            PathNotes.write(note, place.equals(config.ratchetFile()) ? List.of() : List.of(place));
        } catch (IOException later) {
            // The next start tries again; the note still names every place.
            return;
        }
    }

    /**
     * To be called before a new master key opens the store: from then on the chain is found with either, before, while and after
     * it is moved.
     *
     * @throws Unusable with nothing touched, if the file beside the new key is another relay's
     */
    public void announce(Vault vault, Path newKeyFile) {
        if (config.isRatchetFileNamed()) {
            return;
        }
        Path target = Config.ratchetBeside(newKeyFile);
        try {
            if (hourIn(vault, ANY_CHAIN, target) < 0 && !ChainFile.isBlank(target)) {
                throw new Unusable("The file " + target + ", where the ratchet belongs beside the new key, is another"
                        + " relay's: name another new key file. Nothing was touched.");
            }
            Set<Path> places = new LinkedHashSet<>();
            places.add(target);
            List<Path> noted = PathNotes.read(note);
            for (Path place : candidates()) {
                boolean isLeft = noted.contains(place) && Files.exists(place);
                if (isLeft || hourIn(vault, ANY_CHAIN, place) >= 0) {
                    places.add(place);
                }
            }
            PathNotes.write(note, List.copyOf(places));
        } catch (IOException unwritable) {
            throw new Unusable("The data directory cannot be written: check --data. Nothing was touched.", unwritable);
        }
    }

    /** Brings the chain beside the new key, after {@link #announce}; a relay that runs keeps writing to the same file. */
    public void bring(Vault vault, Path newKeyFile) {
        if (config.isRatchetFileNamed()) {
            return;
        }
        Path target = Config.ratchetBeside(newKeyFile);
        Path source = find(vault, ANY_CHAIN);
        try {
            if (hourIn(vault, ANY_CHAIN, source) < 0) {
                return;
            }
            if (!isSame(source, target)) {
                move(source, target);
            }
            destroyOthers(vault, ANY_CHAIN, target);
        } catch (IOException failed) {
            throw new Unusable(
                    "The new key opens the data as well, but the ratchet's file could not be brought beside it: run this"
                            + " once more. Until then either key finds it where it is.",
                    failed);
        }
    }

    private static void move(Path source, Path target) throws IOException {
        // An older copy would lose its name only.
        KeyFile.destroy(target);
        try {
            Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException otherFileSystem) {
            copy(source, target);
        }
        SlotFile.forceDirectory(target);
        SlotFile.forceDirectory(source);
    }

    /** Not while a relay turns it: the copy would be a link that is never forgotten. */
    private static void copy(Path source, Path target) throws IOException {
        SlotFile locked;
        try {
            locked = SlotFile.open(source, "--ratchet-file");
        } catch (Unusable runs) {
            throw new Unusable(
                    "The new key opens the data as well, but its directory is on another file system, where the"
                            + " ratchet cannot be brought while the relay runs: stop the relay and run this once more."
                            + " Until then either key finds it where it is.",
                    runs);
        }
        try (locked) {
            byte[] sealed = new byte[SlotFile.BYTES];
            for (int slot = 0; slot < SlotFile.SLOTS; slot++) {
                byte[] one = locked.read(slot, SlotFile.BYTES / SlotFile.SLOTS);
                System.arraycopy(one, 0, sealed, slot * one.length, one.length);
            }
            // Whole under its name, or not there.
            PrivateFile.replace(target, sealed);
        }
        KeyFile.destroy(source);
    }

    private void destroyOthers(Vault vault, byte[] known, Path place) throws IOException {
        List<Path> noted = PathNotes.read(note);
        Set<Path> others = new LinkedHashSet<>(noted);
        others.addAll(candidates());
        // Where it lay before somebody named another place.
        others.add(config.usualRatchetFile());
        for (Path other : others) {
            // Not even looked into: closing what was opened there would release the lock that this process has on it.
            if (isSame(other, place)) {
                continue;
            }
            // Blank is what a kill left of one that was being destroyed.
            if (hourIn(vault, known, other) >= 0 || (noted.contains(other) && ChainFile.isBlank(other))) {
                KeyFile.destroy(other);
            }
        }
        for (Path moved : noted) {
            KeyFile.destroy(part(moved));
        }
    }

    private List<Path> candidates() {
        if (config.isRatchetFileNamed()) {
            return List.of(config.ratchetFile());
        }
        List<Path> candidates = new ArrayList<>(PathNotes.read(note));
        candidates.add(config.ratchetFile());
        config.earlierRatchetFile().ifPresent(candidates::add);
        return candidates.stream().distinct().toList();
    }

    /** The hour of the link in the file, hours since 1970; -1 where there is none of this store's. */
    private static long hourIn(Vault vault, byte[] known, Path file) {
        try {
            ChainFile.@Nullable Link link = ChainFile.peek(vault, file);
            if (link == null) {
                return -1;
            }
            Arrays.fill(link.chain(), (byte) 0);
            return known.length == 0 || Arrays.equals(known, link.id().bytes()) ? link.hour() : -1;
        } catch (IOException none) {
            return -1;
        }
    }

    private static boolean isSame(Path one, Path other) throws IOException {
        return one.equals(other) || (Files.exists(one) && Files.exists(other) && Files.isSameFile(one, other));
    }

    private static Path part(Path file) {
        return file.resolveSibling(file.getFileName() + ".part");
    }
}
