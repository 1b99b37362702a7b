// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Date;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bouncycastle.bcpg.AEADAlgorithmTags;
import org.bouncycastle.bcpg.ArmoredInputStream;
import org.bouncycastle.bcpg.ArmoredOutputStream;
import org.bouncycastle.bcpg.BCPGKey;
import org.bouncycastle.bcpg.DSAPublicBCPGKey;
import org.bouncycastle.bcpg.ECDHPublicBCPGKey;
import org.bouncycastle.bcpg.ElGamalPublicBCPGKey;
import org.bouncycastle.bcpg.PublicKeyPacket;
import org.bouncycastle.bcpg.PublicSubkeyPacket;
import org.bouncycastle.bcpg.RSAPublicBCPGKey;
import org.bouncycastle.bcpg.SymmetricKeyAlgorithmTags;
import org.bouncycastle.openpgp.PGPEncryptedDataGenerator;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPLiteralData;
import org.bouncycastle.openpgp.PGPLiteralDataGenerator;
import org.bouncycastle.openpgp.PGPPublicKey;
import org.bouncycastle.openpgp.PGPPublicKeyRing;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPUserAttributeSubpacketVector;
import org.bouncycastle.openpgp.api.OpenPGPCertificate;
import org.bouncycastle.openpgp.api.OpenPGPCertificate.OpenPGPComponentKey;
import org.bouncycastle.openpgp.api.OpenPGPKeyReader;
import org.bouncycastle.openpgp.api.OpenPGPSignature.OpenPGPDocumentSignature;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPApi;
import org.bouncycastle.openpgp.operator.bc.BcKeyFingerprintCalculator;
import org.bouncycastle.openpgp.operator.bc.BcPGPDataEncryptorBuilder;
import org.bouncycastle.openpgp.operator.bc.BcPublicKeyKeyEncryptionMethodGenerator;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secret;
import org.jspecify.annotations.Nullable;

/**
 * The relay's only contact with OpenPGP (RFC 4880 and RFC 9580): reads the one certificate a user gives, encrypts a short
 * text to it, and checks that one key vouches for the next. What it takes is public, valid now, strong, able to encrypt, and
 * small; everything else is refused before it is stored. It never holds a secret key.
 */
@SuppressWarnings("JavaUtilDate") // the library speaks Date
final class OpenPgp {
    /** Whether a certificate may carry e-mail addresses in its user ids. */
    enum UserIds {
        WITHOUT_EMAIL,
        AS_THEY_ARE
    }

    static final int ARMOR_BYTES_MAX = 16 * 1024;
    private static final int RSA_BITS_MIN = 2048;
    private static final int PRIME_CERTAINTY = 20;
    private static final String BEGIN = "-----BEGIN PGP ";
    private static final String PUBLIC_KEY = "PUBLIC KEY BLOCK-----";
    private static final String END_PUBLIC_KEY = "-----END PGP " + PUBLIC_KEY;
    private static final String SECRET_KEY = "PRIVATE KEY BLOCK-----";
    private static final Pattern EMAIL = Pattern.compile("[^\\s@<>()]+@[^\\s@<>()]+");
    /** A key made a moment ago on a machine whose clock runs ahead is still a good key. */
    private static final Duration CLOCK_SKEW_MAX = Duration.ofHours(24);

    static {
        // The library would test every modulus for being prime, 30 ms each, whenever it has not met it lately: a clock
        // that
        // tells real keys from decoys. refuseWeak() does it once, when a key comes in.
        System.setProperty("org.bouncycastle.rsa.max_mr_tests", "0");
    }

    /** Loaded with the first key: the library is large, and the relay should answer before it is needed. */
    private static final class Library {
        static final BcOpenPGPApi API = new BcOpenPGPApi();
        static final BcKeyFingerprintCalculator FINGERPRINTS = new BcKeyFingerprintCalculator();
        /** The product of the primes below 1,024. */
        static final BigInteger SMALL_PRIMES = Stream.iterate(
                        BigInteger.TWO, prime -> prime.bitLength() <= 10, BigInteger::nextProbablePrime)
                .reduce(BigInteger.ONE, BigInteger::multiply);
    }

    private final SecureRandom random = new SecureRandom();

    /** Reads exactly one usable certificate, or refuses with {@code bad_pgp_key}, {@code secret_key} or {@code user_id_reveals_email}. */
    Certificate read(String armor, UserIds userIds, Instant now) {
        OpenPGPCertificate given = parse(dearmor(armor));
        try {
            OpenPGPCertificate bare = withoutStrangers(given);
            Date at = evaluationTime(bare, now);
            refuseWeak(bare);
            encrypt(encryptionKey(bare, at), new byte[1]);
            if (userIds == UserIds.WITHOUT_EMAIL) {
                refuseEmail(bare);
            }
            String fingerprint = HexFormat.of().withUpperCase().formatHex(bare.getFingerprint());
            return new Certificate(armor(bare.getEncoded()), fingerprint);
        } catch (PGPException | IOException | RuntimeException unusable) {
            throw refusal(unusable);
        }
    }

    /** An armored message that only the certificate's owner can read, and that names no recipient. */
    String encrypt(String certificate, Secret text, Instant now) {
        OpenPGPCertificate recipient = parse(dearmor(certificate));
        try {
            return encrypt(encryptionKey(recipient, evaluationTime(recipient, now)), text.lend(byte[]::clone));
        } catch (PGPException | IOException | RuntimeException unusable) {
            throw refusal(unusable);
        }
    }

    /**
     * The same work and the same shape as {@link #encrypt(String, Secret, Instant)}, but to a key that nobody has: the
     * template's kind and size with {@code material} as its modulus or point. A key of its own for each name, because many
     * messages to one RSA key betray its modulus, and a decoy shared by all names would thus be told from a real key.
     */
    String encryptToNobody(String template, byte[] material, Secret text, Instant now) {
        OpenPGPCertificate shape = parse(dearmor(template));
        try {
            return encrypt(
                    withMaterial(encryptionKey(shape, evaluationTime(shape, now)), material), text.lend(byte[]::clone));
        } catch (PGPException | IOException unusable) {
            throw new IllegalStateException("a decoy certificate can always be encrypted to", unusable);
        }
    }

    /**
     * Whether {@code signature} is a detached armored signature by a signing key of {@code certificate}, valid now, over the
     * new key: over its text as sent, as a file that ends in one line feed, or over the bytes inside the armor.
     */
    boolean vouches(String certificate, String signature, String newArmor, Instant now) {
        if (signature.length() > ARMOR_BYTES_MAX) {
            return false;
        }
        byte[] inside = dearmor(newArmor);
        OpenPGPCertificate signer = parse(dearmor(certificate));
        byte[] asSent = newArmor.getBytes(StandardCharsets.UTF_8);
        byte[] asFile = (newArmor.strip() + "\n").getBytes(StandardCharsets.UTF_8);
        return List.of(asSent, asFile, inside).stream().anyMatch(bytes -> signed(signer, signature, bytes, now));
    }

    private boolean signed(OpenPGPCertificate signer, String signature, byte[] bytes, Instant now) {
        Date at = evaluationTime(signer, now);
        try {
            List<OpenPGPDocumentSignature> found = Library.API
                    .verifyDetachedSignature()
                    .addVerificationCertificate(signer)
                    .addSignatures(new ByteArrayInputStream(signature.getBytes(StandardCharsets.UTF_8)))
                    .process(new ByteArrayInputStream(bytes));
            for (OpenPGPDocumentSignature one : found) {
                // Good when it was made is not enough: a key that has expired or was revoked since vouches for nothing.
                @Nullable OpenPGPComponentKey issuer = one.getIssuer();
                if (issuer != null
                        && one.isValid()
                        && isValid(signer.getPrimaryKey(), at)
                        && isValid(issuer, at)
                        && !isWeak(issuer)) {
                    return true;
                }
            }
            return false;
        } catch (PGPException | IOException | RuntimeException unreadable) {
            return false;
        }
    }

    private static byte[] dearmor(String armor) {
        if (armor.length() > ARMOR_BYTES_MAX || armor.getBytes(StandardCharsets.UTF_8).length > ARMOR_BYTES_MAX) {
            throw Reason.BAD_PGP_KEY.refuse("The key is over 16 KiB.");
        }
        if (armor.contains(SECRET_KEY)) {
            throw Reason.SECRET_KEY.refuse();
        }
        String text = armor.strip();
        boolean oneBlock = text.startsWith(BEGIN + PUBLIC_KEY)
                && text.endsWith(END_PUBLIC_KEY)
                && text.indexOf(BEGIN, 1) < 0
                && text.indexOf(END_PUBLIC_KEY) == text.length() - END_PUBLIC_KEY.length();
        if (!oneBlock) {
            throw Reason.BAD_PGP_KEY.refuse();
        }
        try (ArmoredInputStream in =
                new ArmoredInputStream(new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)))) {
            return in.readAllBytes();
        } catch (IOException | RuntimeException garbage) {
            throw Reason.BAD_PGP_KEY.refuse();
        }
    }

    private OpenPGPCertificate parse(byte[] packets) {
        refuseSecretPackets(packets);
        try {
            OpenPGPKeyReader reader = Library.API.readKeyOrCertificate();
            List<OpenPGPCertificate> found = reader.parseCertificates(packets);
            if (found.size() == 1 && !found.get(0).isSecretKey()) {
                return found.get(0);
            }
        } catch (IOException | RuntimeException garbage) {
            throw Reason.BAD_PGP_KEY.refuse();
        }
        throw Reason.BAD_PGP_KEY.refuse();
    }

    /** A secret key under a public label is still a secret key: packet types 5 and 7 (RFC 9580, 4.2 and 5). */
    private static void refuseSecretPackets(byte[] packets) {
        if (packets.length > 0) {
            int header = packets[0] & 0xFF;
            int type = (header & 0x40) != 0 ? header & 0x3F : (header & 0x3C) >> 2;
            if ((header & 0x80) != 0 && (type == 5 || type == 7)) {
                throw Reason.SECRET_KEY.refuse();
            }
        }
    }

    /**
     * Drops photos and the signatures of other people: they would tell whom the owner knows. (They also have made readers
     * take a stranger's newer signature for the owner's latest word.)
     */
    private OpenPGPCertificate withoutStrangers(OpenPGPCertificate certificate) {
        PGPPublicKeyRing ring = certificate.getPGPPublicKeyRing();
        PGPPublicKey primary = ring.getPublicKey();
        PGPPublicKey kept = primary;
        for (PGPUserAttributeSubpacketVector photo : list(primary.getUserAttributes())) {
            kept = orSame(PGPPublicKey.removeCertification(kept, photo), kept);
        }
        for (byte[] userId : list(primary.getRawUserIDs())) {
            for (PGPSignature signature : list(primary.getSignaturesForID(userId))) {
                if (!isBy(signature, primary)) {
                    kept = orSame(PGPPublicKey.removeCertification(kept, userId, signature), kept);
                }
            }
        }
        for (PGPSignature signature : list(primary.getKeySignatures())) {
            if (!isBy(signature, primary) && !PGPSignature.isRevocation(signature.getSignatureType())) {
                kept = orSame(PGPPublicKey.removeCertification(kept, signature), kept);
            }
        }
        return kept == primary
                ? certificate
                : new OpenPGPCertificate(PGPPublicKeyRing.insertPublicKey(ring, kept), Library.API.getImplementation());
    }

    private static boolean isBy(PGPSignature signature, PGPPublicKey key) {
        return signature.hasKeyIdentifier(key.getKeyIdentifier());
    }

    private static PGPPublicKey orSame(@Nullable PGPPublicKey changed, PGPPublicKey same) {
        return changed == null ? same : changed;
    }

    private static <T> List<T> list(@Nullable Iterator<T> iterator) {
        List<T> all = new ArrayList<>();
        if (iterator != null) {
            iterator.forEachRemaining(all::add);
        }
        return all;
    }

    /** Now; or, for a certificate signed a little in the future, the moment it was signed. */
    private static Date evaluationTime(OpenPGPCertificate certificate, Instant now) {
        Instant modified = certificate.getLastModificationDate().toInstant();
        boolean skewed = modified.isAfter(now) && modified.isBefore(now.plus(CLOCK_SKEW_MAX));
        return Date.from(skewed ? modified : now);
    }

    private static void refuseWeak(OpenPGPCertificate certificate) {
        for (OpenPGPComponentKey key : certificate.getKeys()) {
            if (isWeak(key) || hasPrimeModulus(key)) {
                throw Reason.BAD_PGP_KEY.refuse("The key is too weak.");
            }
        }
    }

    private static boolean isWeak(OpenPGPComponentKey key) {
        PublicKeyPacket packet = key.getPGPPublicKey().getPublicKeyPacket();
        BCPGKey material = packet.getKey();
        if (material instanceof RSAPublicBCPGKey rsa) {
            return rsa.getModulus().bitLength() < RSA_BITS_MIN;
        }
        return material instanceof DSAPublicBCPGKey
                || material instanceof ElGamalPublicBCPGKey
                || (packet.getVersion() != PublicKeyPacket.VERSION_4
                        && packet.getVersion() != PublicKeyPacket.VERSION_6);
    }

    private static boolean hasPrimeModulus(OpenPGPComponentKey key) {
        return key.getPGPPublicKey().getPublicKeyPacket().getKey() instanceof RSAPublicBCPGKey rsa
                && rsa.getModulus().isProbablePrime(PRIME_CERTAINTY);
    }

    private static void refuseEmail(OpenPGPCertificate certificate) {
        for (byte[] userId : list(certificate.getPrimaryKey().getPGPPublicKey().getRawUserIDs())) {
            if (EMAIL.matcher(new String(userId, StandardCharsets.UTF_8)).find()) {
                throw Reason.USER_ID_REVEALS_EMAIL.refuse();
            }
        }
    }

    /** The newest key that may encrypt at that time, as gpg would choose; the primary key must be valid as well. */
    private static PGPPublicKey encryptionKey(OpenPGPCertificate certificate, Date at) {
        if (!isValid(certificate.getPrimaryKey(), at)) {
            throw Reason.BAD_PGP_KEY.refuse("The key is expired or revoked.");
        }
        return certificate.getEncryptionKeys(at).stream()
                .filter(key -> isValid(key, at))
                .max(Comparator.comparing(OpenPGPComponentKey::getCreationTime))
                .orElseThrow(() -> Reason.BAD_PGP_KEY.refuse("The key cannot encrypt."))
                .getPGPPublicKey();
    }

    private static boolean isValid(OpenPGPComponentKey key, Date at) {
        @Nullable Date expires = key.getKeyExpirationDateAt(at);
        return key.isBoundAt(at) && (expires == null || expires.after(at));
    }

    /**
     * One shape for everyone: no compression, no file name, no time, AES-256; version 4 keys get the packets every
     * implementation reads (SEIPD 1), version 6 keys those of RFC 9580 (SEIPD 2, OCB). The recipient is the wildcard.
     */
    /** @param plain wiped in the end */
    private String encrypt(PGPPublicKey key, byte[] plain) throws PGPException, IOException {
        BcPGPDataEncryptorBuilder cipher =
                new BcPGPDataEncryptorBuilder(SymmetricKeyAlgorithmTags.AES_256).setSecureRandom(random);
        if (key.getVersion() >= PublicKeyPacket.VERSION_6) {
            cipher.setUseV6AEAD().setWithAEAD(AEADAlgorithmTags.OCB, 6);
        } else {
            cipher.setWithIntegrityPacket(true);
        }
        BcPublicKeyKeyEncryptionMethodGenerator recipient =
                new BcPublicKeyKeyEncryptionMethodGenerator(key).setSecureRandom(random);
        recipient.setUseWildcardRecipient(true);
        PGPEncryptedDataGenerator encryption = new PGPEncryptedDataGenerator(cipher);
        encryption.addMethod(recipient);

        Plain literal = new Plain();
        try (OutputStream out = new PGPLiteralDataGenerator()
                .open(literal, PGPLiteralData.BINARY, "", plain.length, Date.from(Instant.EPOCH))) {
            out.write(plain);
        }
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        try (OutputStream out = encryption.open(message, literal.size())) {
            literal.writeTo(out);
        } finally {
            Arrays.fill(plain, (byte) 0);
            literal.wipe();
        }
        return armor(message.toByteArray());
    }

    /** A code and its packet's head, which fit without growing. */
    private static final class Plain extends ByteArrayOutputStream {
        private static final int BYTES = 256;

        Plain() {
            super(BYTES);
        }

        void wipe() {
            Arrays.fill(buf, (byte) 0);
        }
    }

    private PGPPublicKey withMaterial(PGPPublicKey key, byte[] material) throws PGPException {
        PublicKeyPacket packet = key.getPublicKeyPacket();
        PublicKeyPacket changed;
        if (packet.getKey() instanceof RSAPublicBCPGKey rsa) {
            int bits = rsa.getModulus().bitLength();
            changed = new PublicSubkeyPacket(
                    key.getVersion(),
                    key.getAlgorithm(),
                    key.getCreationTime(),
                    new RSAPublicBCPGKey(modulus(material, bits), rsa.getPublicExponent()));
        } else if (packet.getKey() instanceof ECDHPublicBCPGKey curve) {
            byte[] point = Arrays.copyOf(material, 33);
            point[0] = 0x40; // native point (RFC 9580, 9.2)
            changed = new PublicSubkeyPacket(
                    key.getVersion(),
                    key.getAlgorithm(),
                    key.getCreationTime(),
                    new ECDHPublicBCPGKey(
                            curve.getCurveOID(),
                            new BigInteger(1, point),
                            curve.getHashAlgorithm(),
                            curve.getSymmetricKeyAlgorithm()));
        } else {
            throw new IllegalStateException("decoys are RSA or Curve25519");
        }
        return new PGPPublicKey(changed, Library.FINGERPRINTS);
    }

    /** Of that many bits and without small factors, like the product of two large primes, except that nobody knows these. */
    private static BigInteger modulus(byte[] material, int bits) {
        int half = bits / 16;
        BigInteger p = withoutSmallFactors(Arrays.copyOf(material, half));
        BigInteger q = withoutSmallFactors(Arrays.copyOfRange(material, half, 2 * half));
        return p.multiply(q);
    }

    /** One more than a multiple of every small prime: no search, whose length would tell the decoys from real keys. */
    private static BigInteger withoutSmallFactors(byte[] digits) {
        int bits = 8 * digits.length;
        BigInteger number = new BigInteger(1, digits).setBit(bits - 1).setBit(bits - 2);
        return number.divide(Library.SMALL_PRIMES)
                .multiply(Library.SMALL_PRIMES)
                .add(BigInteger.ONE);
    }

    private static String armor(byte[] packets) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try (ArmoredOutputStream out =
                ArmoredOutputStream.builder().clearHeaders().enableCRC(true).build(text)) {
            out.write(packets);
        }
        return text.toString(StandardCharsets.US_ASCII);
    }

    private static RuntimeException refusal(Exception cause) {
        return cause instanceof Refused refused ? refused : Reason.BAD_PGP_KEY.refuse();
    }
}
