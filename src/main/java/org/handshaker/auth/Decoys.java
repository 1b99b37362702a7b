// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.handshaker.core.Secret;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;

/**
 * Challenges for those who have no key, or do not exist: encrypted to a key that nobody has, in the shape that a real one
 * would have. Kind and key follow from the name and the relay's secret alone, so that asking again shows nothing new.
 */
final class Decoys {
    private static final int MATERIAL_BYTES = 512;

    /** What people use, roughly: of 100 names so many get this kind. */
    private record Kind(String template, int share) {}

    private final Vault vault;
    private final OpenPgp openPgp;
    private final List<Kind> kinds;

    Decoys(Vault vault, OpenPgp openPgp) {
        this.vault = vault;
        this.openPgp = openPgp;
        this.kinds = List.of(
                new Kind(resource("decoy-cv25519.asc"), 65),
                new Kind(resource("decoy-rsa3072.asc"), 20),
                new Kind(resource("decoy-rsa4096.asc"), 15));
    }

    /** A certificate to take the shape of, and what the key in it is made of. */
    record Decoy(String template, byte[] material) {
        @Override
        public String toString() {
            return "Decoy";
        }
    }

    Decoy of(Username name) {
        return new Decoy(kind(name), material(name));
    }

    String encrypt(Decoy decoy, Secret text, Instant now) {
        return openPgp.encryptToNobody(decoy.template, decoy.material, text, now);
    }

    private String kind(Username name) {
        int lot = Byte.toUnsignedInt(draw(name, -1)[0]) * 100 / 256;
        for (Kind kind : kinds) {
            if (lot < kind.share) {
                return kind.template;
            }
            lot -= kind.share;
        }
        throw new IllegalStateException("the shares add up to 100");
    }

    private byte[] material(Username name) {
        ByteBuffer material = ByteBuffer.allocate(MATERIAL_BYTES);
        for (int block = 0; material.hasRemaining(); block++) {
            material.put(draw(name, block));
        }
        return material.array();
    }

    private byte[] draw(Username name, int block) {
        byte[] bytes = name.bare().getBytes(StandardCharsets.UTF_8);
        return vault.blind(
                "decoy key", bytes, ByteBuffer.allocate(4).putInt(block).array());
    }

    private static String resource(String file) {
        try (InputStream in = Decoys.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException(file + " is part of the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
