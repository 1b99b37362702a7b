// SPDX-License-Identifier: MIT
package org.handshaker;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.function.Consumer;
import org.handshaker.core.Config;
import org.handshaker.core.KeyFile;
import org.handshaker.core.Limits;
import org.handshaker.core.MasterKey;
import org.handshaker.core.Refused;
import org.handshaker.core.StoreKey;
import org.handshaker.core.Unusable;
import org.handshaker.core.Vault;
import org.handshaker.invites.Invites;
import org.handshaker.queue.ChainPlaces;
import org.handshaker.store.Database;

/** What the operator does to a store, past the relay. */
final class StoreCommands {
    private final Consumer<String> out;

    StoreCommands(Consumer<String> out) {
        this.out = out;
    }

    /** The keys of a store that is there. */
    static Vault vault(Config config) {
        if (!Files.exists(config.data().resolve("handshaker.db"))) {
            throw new Unusable("There is no database in --data. Start the relay once.");
        }
        if (config.isKeyTyped()) {
            throw new Unusable("Put the master key into a file for this, and name it with --key-file.");
        }
        byte[] master = KeyFile.read(config.keyFile());
        try {
            return StoreKey.open(config.data(), master);
        } finally {
            Arrays.fill(master, (byte) 0);
        }
    }

    /**
     * Lets a second master key open the store as well, also of a relay that runs, and brings the ratchet's file beside that key. A
     * kill at any moment leaves a relay that starts with the old key, or with either, and finds its chain; done again, it is done.
     *
     * @param old 32 bytes; wiped
     * @param newFile made with a random key if it is not there
     */
    static void addKey(Config config, byte[] old, Path newFile) {
        try {
            Vault vault = StoreKey.read(config.data(), old);
            ChainPlaces places = new ChainPlaces(config);
            places.announce(vault, newFile);
            MasterKey.add(config.data(), old, newFile);
            places.bring(vault, newFile);
        } finally {
            Arrays.fill(old, (byte) 0);
        }
    }

    /** Refuses what no invite can be, of the operator's. */
    static void requireInvite(int uses, int days) {
        if (uses < 1 || uses > Limits.INVITE_USES_MAX || days < 1 || days > Limits.INVITE_LIFE_MAX.toDays()) {
            throw new Unusable("--uses takes 1 to 100, and --days 1 to 30.");
        }
    }

    /** Prints the token of an invite to register, and nothing else. */
    void invite(Config config, int uses, int days, InstantSource time) {
        requireInvite(uses, days);
        Vault vault = vault(config);
        try (Database database = Database.open(config.data())) {
            database.requireKey(vault.blind("key check"));
            try (Invites.Made made = Invites.byOperator(database, vault, time.instant(), uses, Duration.ofDays(days))) {
                out.accept(new String(made.token().chars()));
            }
        } catch (Refused full) {
            throw new Unusable(full.detail(), full);
        }
    }
}
