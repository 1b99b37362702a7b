// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.bouncycastle.openpgp.PGPEncryptedDataList;
import org.bouncycastle.openpgp.PGPPublicKeyEncryptedData;
import org.bouncycastle.openpgp.PGPUtil;
import org.bouncycastle.openpgp.api.OpenPGPKey;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPApi;
import org.bouncycastle.openpgp.bc.BcPGPObjectFactory;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secret;
import org.handshaker.core.Secrets;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.support.Gpg;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class OpenPgpTest {
    private static final String OTP = "mJ3zQ_8eWm-1kTzzY0aabb";
    private final OpenPgp openPgp = new OpenPgp();
    private final Instant now = Instant.now();
    private Gpg gpg;

    /** A home for each test: gpg tries all its keys on a message that names none, and complains of each that fails. */
    @BeforeEach
    void openGpg() {
        gpg = Gpg.open();
    }

    @AfterEach
    void closeGpg() {
        gpg.close();
    }

    @Test
    void gpgReadsWhatIsEncryptedToItsCurve25519Key() {
        gpgReads(gpg.key("alice", "ed25519", "cv25519"));
    }

    @Test
    void gpgReadsWhatIsEncryptedToItsRsaKey() {
        gpgReads(gpg.key("alice rsa", "rsa3072", "rsa3072"));
    }

    @Test
    void gpgReadsWhatIsEncryptedToItsNistKey() {
        gpgReads(gpg.key("alice nist", "nistp256", "nistp256"));
    }

    private void gpgReads(String fingerprint) {
        String export = gpg.export(fingerprint);
        Certificate certificate = read(export);
        assertEquals(fingerprint, certificate.fingerprint());
        assertEquals(export.strip(), certificate.armored().strip(), "served as it was given");
        String message = openPgp.encrypt(certificate.armored(), Secret.of(OTP.toCharArray()), now);
        assertEquals(OTP, gpg.decrypt(message));
        String packets = gpg.packets(message);
        assertTrue(packets.contains("keyid 0000000000000000"), packets);
    }

    @Test
    void version6CertificateReadsItsChallengeAndNamesNoRecipient() throws Exception {
        BcOpenPGPApi api = new BcOpenPGPApi();
        OpenPGPKey key = api.generateKey(6).ed25519x25519Key("six").build();
        Certificate certificate = read(key.toCertificate().toAsciiArmoredString());
        assertEquals(64, certificate.fingerprint().length());
        String message = openPgp.encrypt(certificate.armored(), Secret.of(OTP.toCharArray()), now);
        var in = api.decryptAndOrVerifyMessage()
                .addDecryptionKey(key)
                .process(new ByteArrayInputStream(message.getBytes(StandardCharsets.US_ASCII)));
        assertEquals(OTP, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        PGPEncryptedDataList packets = (PGPEncryptedDataList) new BcPGPObjectFactory(
                        PGPUtil.getDecoderStream(new ByteArrayInputStream(message.getBytes(StandardCharsets.US_ASCII))))
                .nextObject();
        PGPPublicKeyEncryptedData session = (PGPPublicKeyEncryptedData) packets.get(0);
        assertEquals(6, session.getVersion());
        assertTrue(session.getKeyIdentifier().isWildcard());
    }

    @Test
    void whateverIsSentInsteadOfACertificateIsRefusedAndNothingElse() {
        String good = gpg.export(gpg.key("fuzz", "ed25519", "cv25519"));
        byte[] packets = Base64.getMimeDecoder()
                .decode(good.replaceAll("-----.*-----", "").replaceAll("(?m)^=.*$", ""));
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 500; round++) {
            byte[] broken = packets.clone();
            for (int i = 0; i <= random.nextInt(4); i++) {
                broken[random.nextInt(broken.length)] = (byte) random.nextInt();
            }
            if (random.nextInt(4) == 0) {
                broken = Arrays.copyOf(broken, random.nextInt(2 * broken.length));
            }
            String armor = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
                    + Base64.getMimeEncoder().encodeToString(broken) + "\n-----END PGP PUBLIC KEY BLOCK-----\n";
            try {
                read(armor);
            } catch (Refused refused) {
                assertEquals(400, refused.reason().status());
            } catch (RuntimeException | Error bug) {
                throw new AssertionError("seed " + seed + ", round " + round, bug);
            }
        }
    }

    @Test
    void refusesASecretKeyByItsOwnName() {
        String fingerprint = gpg.key("careless", "ed25519", "cv25519");
        String secret = gpg.exportSecret(fingerprint);
        refuses(Reason.SECRET_KEY, secret);
        refuses(Reason.SECRET_KEY, secret.replace("PRIVATE KEY", "PUBLIC KEY"));
        refuses(Reason.SECRET_KEY, gpg.export(fingerprint) + secret);
    }

    @Test
    void refusesWhatIsNotOneCertificate() {
        String one = gpg.key("one", "ed25519", "cv25519");
        String two = gpg.key("two", "ed25519", "cv25519");
        refuses(Reason.BAD_PGP_KEY, "");
        refuses(Reason.BAD_PGP_KEY, "hello");
        refuses(Reason.BAD_PGP_KEY, gpg.export(one, two));
        refuses(Reason.BAD_PGP_KEY, gpg.export(one) + gpg.export(two));
        refuses(Reason.BAD_PGP_KEY, gpg.export(one).replace("-----END", "=AAAA\n-----END"));
        refuses(Reason.BAD_PGP_KEY, gpg.export(one).substring(0, 300));
        refuses(Reason.BAD_PGP_KEY, gpg.sign(one, new byte[] {1}).replace("SIGNATURE", "PUBLIC KEY BLOCK"));
        refuses(Reason.BAD_PGP_KEY, " ".repeat(16 * 1024) + gpg.export(one));
    }

    @Test
    void refusesAnExpiredKey() {
        String fingerprint =
                gpg.primaryKeyFor("2026-06-01", "old", "ed25519", "default", "--faked-system-time", "20260101T000000!");
        gpg.run(List.of(
                "--faked-system-time", "20260101T000000!", "--quick-add-key", fingerprint, "cv25519", "encr", "never"));
        refuses(Reason.BAD_PGP_KEY, gpg.export(fingerprint));
        Instant then = Instant.parse("2026-05-01T00:00:00Z");
        assertEquals(
                fingerprint,
                openPgp.read(gpg.export(fingerprint), OpenPgp.UserIds.WITHOUT_EMAIL, then)
                        .fingerprint());
    }

    @Test
    void refusesAKeyWhoseEncryptionSubkeyHasExpired() {
        String fingerprint = gpg.primaryKey("half", "ed25519", "cert,sign", "--faked-system-time", "20260101T000000!");
        gpg.run(List.of(
                "--faked-system-time",
                "20260101T000000!",
                "--quick-add-key",
                fingerprint,
                "cv25519",
                "encr",
                "2026-02-01"));
        refuses(Reason.BAD_PGP_KEY, gpg.export(fingerprint));
    }

    @Test
    void refusesARevokedKey() {
        String fingerprint = gpg.key("lost", "ed25519", "cv25519");
        read(gpg.export(fingerprint));
        gpg.revoke(fingerprint);
        refuses(Reason.BAD_PGP_KEY, gpg.export(fingerprint));
    }

    @Test
    void refusesAKeyThatCannotEncrypt() {
        refuses(Reason.BAD_PGP_KEY, gpg.export(gpg.primaryKey("signer", "ed25519", "cert,sign")));
    }

    @Test
    void refusesWeakKeys() {
        refuses(Reason.BAD_PGP_KEY, gpg.export(gpg.key("short", "rsa1024", "rsa1024")));
        refuses(Reason.BAD_PGP_KEY, gpg.export(gpg.key("short subkey", "ed25519", "rsa1024")));
        refuses(Reason.BAD_PGP_KEY, gpg.export(gpg.key("elgamal subkey", "ed25519", "elg2048")));
        refuses(Reason.BAD_PGP_KEY, gpg.export(gpg.primaryKey("dsa", "dsa2048", "cert,sign")));
    }

    @Test
    void refusesAUserIdWithAnEmailAddressUnlessAllowed() {
        String export = gpg.export(gpg.key("Alice Doe <alice@example.org>", "ed25519", "cv25519"));
        refuses(Reason.USER_ID_REVEALS_EMAIL, export);
        openPgp.read(export, OpenPgp.UserIds.AS_THEY_ARE, now);
        read(gpg.export(gpg.key("@handle", "ed25519", "cv25519")));
    }

    @Test
    void takesACrossSignedKeyAndForgetsWhoSignedIt() {
        String signed = gpg.key("signed", "ed25519", "cv25519", "--faked-system-time", "20260101T000000!");
        String friend = gpg.key("friend", "ed25519", "cv25519");
        gpg.run(List.of("--local-user", friend, "--quick-sign-key", signed));
        String export = gpg.export(signed);
        assertTrue(gpg.packets(export).contains("keyid " + friend.substring(24)));
        Certificate certificate = read(export);
        assertFalse(gpg.packets(certificate.armored()).contains("keyid " + friend.substring(24)));
        assertEquals(OTP, gpg.decrypt(openPgp.encrypt(certificate.armored(), Secret.of(OTP.toCharArray()), now)));
    }

    @Test
    void oneKeyVouchesForTheNext() {
        String old = gpg.key("old one", "ed25519", "cv25519");
        String next = gpg.key("new one", "rsa3072", "rsa3072");
        String onFile = read(gpg.export(old)).armored();
        String newArmor = gpg.export(next);
        byte[] newBytes = newArmor.getBytes(StandardCharsets.UTF_8);
        assertTrue(openPgp.vouches(onFile, gpg.sign(old, newBytes), newArmor, now));
        assertTrue(openPgp.vouches(onFile, gpg.sign(old, newBytes), newArmor.strip(), now));
        assertTrue(openPgp.vouches(onFile, gpg.sign(old, gpg.exportBinary(next)), newArmor, now));
        assertFalse(openPgp.vouches(onFile, gpg.sign(next, newBytes), newArmor, now), "by another key");
        assertFalse(openPgp.vouches(onFile, gpg.sign(old, new byte[] {1, 2}), newArmor, now), "over other bytes");
        assertFalse(openPgp.vouches(onFile, "nonsense", newArmor, now));
        assertFalse(openPgp.vouches(onFile, "", newArmor, now));
        assertFalse(openPgp.vouches(onFile, newArmor, newArmor, now));
        gpg.revoke(old);
        String revoked = gpg.export(old);
        assertFalse(openPgp.vouches(revoked, gpg.sign(next, newBytes), newArmor, now));
    }

    @Test
    void anExpiredKeyVouchesForNothing() {
        String newArmor = gpg.export(gpg.key("heir", "ed25519", "cv25519"));
        String[] then = {"--faked-system-time", "20260101T000000!"};
        String old = gpg.primaryKeyFor("2026-06-01", "expiring", "ed25519", "cert,sign", then);
        String signature =
                gpg.sign(old, newArmor.getBytes(StandardCharsets.UTF_8), "--faked-system-time", "20260501T000000!");
        String onFile = gpg.export(old);
        assertTrue(openPgp.vouches(onFile, signature, newArmor, Instant.parse("2026-05-02T00:00:00Z")));
        assertFalse(openPgp.vouches(onFile, signature, newArmor, now));
    }

    @Test
    void aDecoyLooksLikeARealChallengeAndItsKindIsStable() {
        Decoys decoys = new Decoys(new Vault(Secrets.randomBytes(32)), openPgp);
        Set<Integer> decoyLengths = new HashSet<>();
        for (int i = 0; i < 60; i++) {
            Username name = new Username("nobody" + i);
            String first = decoys.encrypt(decoys.of(name), Secret.of(OTP.toCharArray()), now);
            String second = decoys.encrypt(decoys.of(name), Secret.of(OTP.toCharArray()), now);
            assertTrue(Math.abs(first.length() - second.length()) <= 4, "same kind again");
            decoyLengths.add(first.length());
        }
        String[][] kinds = {{"ed25519", "cv25519"}, {"rsa3072", "rsa3072"}, {"rsa4096", "rsa4096"}};
        for (String[] kind : kinds) {
            String real = openPgp.encrypt(
                    gpg.export(gpg.key("real " + kind[1], kind[0], kind[1])), Secret.of(OTP.toCharArray()), now);
            assertTrue(decoyLengths.stream().anyMatch(length -> Math.abs(length - real.length()) <= 4), kind[1]);
        }
        assertTrue(decoyLengths.size() >= 3);
        assertTrue(gpg.packets(decoys.encrypt(decoys.of(new Username("nobody")), Secret.of(OTP.toCharArray()), now))
                .contains("keyid 0000000000000000"));
    }

    private Certificate read(String armor) {
        return openPgp.read(armor, OpenPgp.UserIds.WITHOUT_EMAIL, now);
    }

    private void refuses(Reason reason, String armor) {
        Refused refused = assertThrows(Refused.class, () -> read(armor));
        assertEquals(reason, refused.reason());
    }
}
