// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;
import org.handshaker.core.Id;
import org.handshaker.core.Unusable;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/**
 * The one place where the ratchet's chain lies: a file of two slots, sealed with the master key. A new value goes into the free
 * slot and is forced to the disk before the old one is written over, so that a crash at any moment leaves one that is whole,
 * and a full disk is no obstacle.
 */
final class ChainFile implements AutoCloseable {
    /** On blocks of their own: a torn write spoils one of them. */
    private static final int SLOT_BYTES = 4_096;

    private static final int SLOTS = 2;
    private static final String PLACE = "ratchet";

    /**
     * A link of the chain.
     *
     * @param id of the whole chain, by which a store knows its own
     * @param hour hours since 1970: the first whose key can still be made
     * @param chain 32 bytes; whoever gets the link wipes them
     */
    record Link(Id id, long hour, byte[] chain) {
        @Override
        public String toString() {
            return "Link";
        }
    }

    private final Vault vault;
    private final FileChannel channel;
    private int slot;

    private ChainFile(Vault vault, FileChannel channel) {
        this.vault = vault;
        this.channel = channel;
    }

    /** Opens or creates the file, for one relay at a time; a new one is private and empty. */
    static ChainFile open(Vault vault, Path file) {
        try {
            @Nullable Path parent = file.toAbsolutePath().getParent();
            if (parent != null && !Files.isDirectory(parent)) {
                Files.createDirectories(parent, ownerOnly("rwx------"));
            }
            FileChannel channel = FileChannel.open(
                    file,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                    ownerOnly("rw-------"));
            @Nullable FileLock lock = channel.tryLock();
            if (lock == null) {
                channel.close();
                throw new Unusable("Another relay uses the file of --ratchet-file.");
            }
            return new ChainFile(vault, channel);
        } catch (OverlappingFileLockException twice) {
            // The channel stays open: closing it would release the lock that this process holds.
            throw new Unusable("Another relay uses the file of --ratchet-file.", twice);
        } catch (IOException impossible) {
            throw new Unusable("The file of --ratchet-file cannot be made or written: name another.", impossible);
        }
    }

    /** The newest link that is whole; nothing in a new file, or in one of another key. A second one is a crash's and goes. */
    @Nullable
    Link read() throws IOException {
        @Nullable Link newest = null;
        for (int i = 0; i < SLOTS; i++) {
            @Nullable Link found = read(i);
            if (found != null && (newest == null || found.hour > newest.hour)) {
                newest = found;
                slot = i;
            }
        }
        if (newest != null) {
            overwrite(1 - slot);
        }
        return newest;
    }

    private @Nullable Link read(int from) throws IOException {
        ByteBuffer sealed = ByteBuffer.allocate(Id.BYTES + Long.BYTES + Vault.MASTER_BYTES + Vault.SEALING_BYTES);
        while (sealed.hasRemaining() && channel.read(sealed, slotAt(from) + sealed.position()) > 0) {
            continue;
        }
        if (sealed.hasRemaining()) {
            return null;
        }
        try {
            ByteBuffer plain = ByteBuffer.wrap(vault.open(sealed.array(), PLACE));
            byte[] id = new byte[Id.BYTES];
            byte[] chain = new byte[Vault.MASTER_BYTES];
            plain.get(id);
            long hour = plain.getLong();
            plain.get(chain);
            Arrays.fill(plain.array(), (byte) 0);
            return new Link(Id.of(id), hour, chain);
        } catch (IllegalStateException torn) {
            return null;
        }
    }

    /** When it returns, this link is on the disk and the one before is written over. */
    void write(Link link) throws IOException {
        byte[] plain = ByteBuffer.allocate(Id.BYTES + Long.BYTES + Vault.MASTER_BYTES)
                .put(link.id.bytes())
                .putLong(link.hour)
                .put(link.chain)
                .array();
        byte[] sealed = vault.seal(plain, PLACE);
        Arrays.fill(plain, (byte) 0);
        put(1 - slot, Arrays.copyOf(sealed, SLOT_BYTES));
        slot = 1 - slot;
        overwrite(1 - slot);
    }

    private void overwrite(int old) throws IOException {
        put(old, new byte[SLOT_BYTES]);
    }

    private void put(int where, byte[] bytes) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (left.hasRemaining()) {
            channel.write(left, slotAt(where) + left.position());
        }
        channel.force(true);
    }

    private static long slotAt(int slot) {
        return (long) slot * SLOT_BYTES;
    }

    private static FileAttribute<?>[] ownerOnly(String permissions) {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException alreadyForced) {
            return;
        }
    }
}
