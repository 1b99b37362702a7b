// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import io.jsonwebtoken.Claims;
import io.jsonwebtoken.Jws;
import io.jsonwebtoken.JwsHeader;
import io.jsonwebtoken.JwtException;
import io.jsonwebtoken.JwtParser;
import io.jsonwebtoken.Jwts;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Vault;
import org.jspecify.annotations.Nullable;

/**
 * Access tokens: JWTs (RFC 7519) signed with HS256 for this relay alone. They say an opaque user, a session, when and until
 * when, and nothing else about the person. A good token is not yet a live session: {@link Sessions} looks.
 */
@SuppressWarnings("JavaUtilDate") // the library speaks Date
final class Tokens {
    /** Longer than any token made here; nothing longer is looked at. */
    private static final int CHARS_MAX = 1_024;
    /** Names the key, so that a later one can stand beside it. */
    private static final String KEY_ID = "1";

    private static final String SESSION = "sid";

    private final SecretKey key;
    private final Duration life;
    private final InstantSource time;
    /** Built with the first token: the library is large, and the relay should answer before it is needed. */
    private volatile @Nullable JwtParser parser;

    Tokens(Vault vault, Duration life, InstantSource time) {
        this.key = new SecretKeySpec(vault.derive("jwt " + KEY_ID), "HmacSHA256");
        this.life = life;
        this.time = time;
    }

    private JwtParser parser() {
        @Nullable JwtParser known = parser;
        if (known == null) {
            known = Jwts.parser()
                    .verifyWith(key)
                    .clock(() -> Date.from(time.instant()))
                    .build();
            parser = known;
        }
        return known;
    }

    Duration life() {
        return life;
    }

    /** The same caller and second give the same token. */
    String issue(Caller caller, Instant issuedAt) {
        return Jwts.builder()
                .header()
                .keyId(KEY_ID)
                .and()
                .subject(caller.user().text())
                .claim(SESSION, caller.session().text())
                .issuedAt(Date.from(issuedAt))
                .expiration(Date.from(issuedAt.plus(life)))
                .signWith(key, Jwts.SIG.HS256)
                .compact();
    }

    /** Refuses with {@code not_signed_in} whatever this relay did not sign, in this way, for now. */
    Caller read(String token) {
        if (token.length() > CHARS_MAX) {
            throw Reason.NOT_SIGNED_IN.refuse();
        }
        try {
            Jws<Claims> signed = parser().parseSignedClaims(token);
            JwsHeader header = signed.getHeader();
            Claims claims = signed.getPayload();
            boolean ours = Jwts.SIG.HS256.getId().equals(header.getAlgorithm()) && KEY_ID.equals(header.getKeyId());
            @Nullable Date expiry = claims.getExpiration();
            @Nullable String user = claims.getSubject();
            @Nullable String session = claims.get(SESSION, String.class);
            if (!ours
                    || expiry == null
                    || user == null
                    || session == null
                    || !expiry.toInstant().isAfter(time.instant())) {
                throw Reason.NOT_SIGNED_IN.refuse();
            }
            return new Caller(Id.parse(user), Id.parse(session));
        } catch (JwtException | IllegalArgumentException | Refused bad) {
            throw Reason.NOT_SIGNED_IN.refuse();
        }
    }
}
