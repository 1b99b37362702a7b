// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.handshaker.core.Id;
import org.handshaker.core.SlotFile;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/** The one place where the ratchet's chain lies, sealed by the vault: its present link and, whatever happens, no earlier one. */
final class ChainFile implements AutoCloseable {
    private static final String PLACE = "ratchet";
    private static final int PLAIN_BYTES = Id.BYTES + Long.BYTES + HourKeys.CHAIN_BYTES;
    private static final int SEALED_BYTES = PLAIN_BYTES + Vault.SEALING_BYTES;
    /** A relay that goes on to the next link meanwhile may be missed once: it writes one place and wipes the other. */
    private static final int PEEKS_MAX = 3;

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
    private final SlotFile file;
    private int slot;

    private ChainFile(Vault vault, SlotFile file) {
        this.vault = vault;
        this.file = file;
    }

    /** Opens or creates the file, for one relay at a time. */
    static ChainFile open(Vault vault, Path file) throws IOException {
        return new ChainFile(vault, SlotFile.open(file, "--ratchet-file"));
    }

    /** The newest link that is whole; nothing in a new file, or in one of another key. An older one is a crash's and goes. */
    @Nullable
    Link read() throws IOException {
        @Nullable Link newest = null;
        for (int i = 0; i < SlotFile.SLOTS; i++) {
            @Nullable Link found = read(i);
            if (found != null && (newest == null || found.hour > newest.hour)) {
                newest = found;
                slot = i;
            }
        }
        if (newest != null) {
            file.wipe(1 - slot);
        }
        return newest;
    }

    /**
     * The newest link in a file that may be a running relay's; nothing is made, locked or written. Nothing where it is another
     * vault's.
     */
    static @Nullable Link peek(Vault vault, Path file) throws IOException {
        for (int tries = 0; tries < PEEKS_MAX; tries++) {
            @Nullable Link newest = null;
            for (int i = 0; i < SlotFile.SLOTS; i++) {
                @Nullable Link found = opened(vault, SlotFile.peek(file, i, SEALED_BYTES));
                if (found != null && (newest == null || found.hour > newest.hour)) {
                    newest = found;
                }
            }
            if (newest != null) {
                return newest;
            }
        }
        return null;
    }

    /** Whether nothing was ever written to the file; also where there is none. */
    static boolean isBlank(Path file) throws IOException {
        boolean isBlank = true;
        for (int i = 0; i < SlotFile.SLOTS && Files.exists(file); i++) {
            isBlank &= isZero(SlotFile.peek(file, i, SEALED_BYTES));
        }
        return isBlank;
    }

    /** Whether nothing was ever written to it: what is no link of this vault's is then nobody's either. */
    boolean isBlank() throws IOException {
        boolean isBlank = true;
        for (int i = 0; i < SlotFile.SLOTS; i++) {
            isBlank &= isZero(file.read(i, SEALED_BYTES));
        }
        return isBlank;
    }

    private static boolean isZero(byte[] bytes) {
        return Arrays.equals(bytes, new byte[bytes.length]);
    }

    private @Nullable Link read(int from) throws IOException {
        return opened(vault, file.read(from, SEALED_BYTES));
    }

    private static @Nullable Link opened(Vault vault, byte[] sealed) {
        try {
            ByteBuffer plain = ByteBuffer.wrap(vault.open(sealed, PLACE));
            byte[] id = new byte[Id.BYTES];
            byte[] chain = new byte[HourKeys.CHAIN_BYTES];
            plain.get(id);
            long hour = plain.getLong();
            plain.get(chain);
            Arrays.fill(plain.array(), (byte) 0);
            return new Link(Id.of(id), hour, chain);
        } catch (IllegalStateException emptyOrTorn) {
            return null;
        }
    }

    /** When it returns, this link is on the disk and the one before is written over. */
    void write(Link link) throws IOException {
        byte[] plain = ByteBuffer.allocate(PLAIN_BYTES)
                .put(link.id.bytes())
                .putLong(link.hour)
                .put(link.chain)
                .array();
        byte[] sealed = vault.seal(plain, PLACE);
        Arrays.fill(plain, (byte) 0);
        file.write(1 - slot, sealed);
        slot = 1 - slot;
        file.wipe(1 - slot);
    }

    @Override
    public void close() {
        file.close();
    }
}
