// SPDX-License-Identifier: MIT
package org.handshaker.core;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** Puts another master key in the place of the one there is. A kill at any moment leaves a key that opens the store. */
public final class MasterKey {
    private MasterKey() {}

    /** Writes over the key file: from then on the old key opens nothing here, and lies nowhere here. */
    public static void renew(Path data, Path keyFile) {
        byte[] old = KeyFile.read(keyFile);
        byte[] next = Secrets.randomBytes(Vault.MASTER_BYTES);
        // Opened before anything is changed: a credential cannot be written.
        try (FileChannel file = FileChannel.open(keyFile, StandardOpenOption.WRITE)) {
            StoreKey.renew(data, old, next, made -> write(file, made));
        } catch (IOException readOnly) {
            throw readOnly(readOnly);
        } finally {
            Arrays.fill(old, (byte) 0);
            Arrays.fill(next, (byte) 0);
        }
    }

    private static void write(FileChannel file, byte[] next) {
        try {
            // Thirty-two bytes within one sector: whoever looks finds the old ones or the new ones, and both open.
            file.write(ByteBuffer.wrap(next), 0);
            file.force(true);
        } catch (IOException readOnly) {
            throw readOnly(readOnly);
        }
    }

    private static Unusable readOnly(IOException failed) {
        return new Unusable(
                "The key file cannot be written over: name a file for the new key with --new-key-file. The old key still"
                        + " opens the data.",
                failed);
    }

    /**
     * For a key that the relay cannot write over. Both open the store until the first start with the new one.
     *
     * @param old 32 bytes; wiped
     * @param newFile holds the new key; made with a random one if it is not there
     */
    public static void add(Path data, byte[] old, Path newFile) {
        boolean isNew = !Files.exists(newFile);
        KeyFile.createIfAbsent(newFile);
        byte[] next = KeyFile.read(newFile);
        try {
            StoreKey.add(data, old, next);
        } catch (Unusable refused) {
            if (isNew) {
                KeyFile.destroy(newFile);
            }
            throw refused;
        } finally {
            Arrays.fill(old, (byte) 0);
            Arrays.fill(next, (byte) 0);
        }
    }
}
