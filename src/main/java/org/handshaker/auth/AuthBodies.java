// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Username;
import org.handshaker.guard.Puzzle.Solution;
import org.handshaker.web.Json;
import org.handshaker.web.Unread;
import org.handshaker.web.Wiped;
import org.jspecify.annotations.Nullable;

/** What section 1 of the contract sends and answers. A component that is not {@code @Nullable} must be there. */
final class AuthBodies {
    private static final int PUZZLE_CHARS_MAX = 2_048;
    private static final int RETRY_ID_CHARS_MAX = 64;

    private AuthBodies() {}

    record Registration(
            String username,
            char[] password,
            @Nullable String pgpPublicKey,
            @Nullable Boolean allowUserIds,
            @Nullable Boolean discoverable,
            char @Nullable [] invite,
            @Nullable Object puzzle,
            char @Nullable [] recoveryEmail,
            @Nullable Unread email,
            @Nullable Unread birthday)
            implements Wiped {
        @Override
        public void wipe() {
            Passwords.wipe(password);
            Passwords.wipe(invite);
            Passwords.wipe(recoveryEmail);
        }

        @Override
        public String toString() {
            return "Registration";
        }
    }

    record Login(String username, char[] password, @Nullable Object puzzle, char @Nullable [] deviceToken)
            implements Wiped {
        @Override
        public void wipe() {
            Passwords.wipe(password);
            Passwords.wipe(deviceToken);
        }

        @Override
        public String toString() {
            return "Login";
        }
    }

    /** @param retryId worth nothing without the token */
    record Refresh(char[] refreshToken, @Nullable String retryId) implements Wiped {
        @Override
        public void wipe() {
            Passwords.wipe(refreshToken);
        }

        @Override
        public String toString() {
            return "Refresh";
        }

        Refresh {
            if (retryId != null && (retryId.isEmpty() || retryId.length() > RETRY_ID_CHARS_MAX)) {
                throw Reason.MALFORMED.refuse("A retry_id has 1 to 64 characters.");
            }
        }
    }

    record Logout(@Nullable Boolean everywhere) {}

    record PasswordChange(char[] currentPassword, char[] newPassword) implements Wiped {
        @Override
        public void wipe() {
            Passwords.wipe(currentPassword);
            Passwords.wipe(newPassword);
        }

        @Override
        public String toString() {
            return "PasswordChange";
        }
    }

    record PasswordProof(char[] password) implements Wiped {
        @Override
        public void wipe() {
            Passwords.wipe(password);
        }

        @Override
        public String toString() {
            return "PasswordProof";
        }
    }

    record PgpKeyChange(
            String pgpPublicKey,
            char @Nullable [] currentPassword,
            @Nullable String signature,
            @Nullable Boolean allowUserIds)
            implements Wiped {
        @Override
        public void wipe() {
            Passwords.wipe(currentPassword);
        }

        @Override
        public String toString() {
            return "PgpKeyChange";
        }
    }

    record RecoveryEmail(char[] password, char[] recoveryEmail) implements Wiped {
        @Override
        public void wipe() {
            Passwords.wipe(password);
            Passwords.wipe(recoveryEmail);
        }

        @Override
        public String toString() {
            return "RecoveryEmail";
        }
    }

    record Forgot(
            String username, @Nullable Object puzzle, char @Nullable [] deviceToken, char @Nullable [] recoveryEmail)
            implements Wiped {
        @Override
        public void wipe() {
            Passwords.wipe(deviceToken);
            Passwords.wipe(recoveryEmail);
        }

        @Override
        public String toString() {
            return "Forgot";
        }
    }

    /** Either {@code reset_id} and {@code otp} or {@code recovery_code}. */
    record Reset(
            String username,
            char[] newPassword,
            @Nullable String resetId,
            char @Nullable [] otp,
            char @Nullable [] recoveryCode,
            @Nullable Object puzzle)
            implements Wiped {
        Reset {
            boolean byOtp = resetId != null && otp != null && recoveryCode == null;
            boolean byCode = resetId == null && otp == null && recoveryCode != null;
            if (!byOtp && !byCode) {
                throw Reason.MALFORMED.refuse("Send reset_id and otp, or recovery_code.");
            }
        }

        @Override
        public void wipe() {
            Passwords.wipe(newPassword);
            Passwords.wipe(otp);
            Passwords.wipe(recoveryCode);
        }

        @Override
        public String toString() {
            return "Reset";
        }
    }

    record KeyChallengeRequest(String username, @Nullable Object puzzle) {}

    record KeyLogin(String username, String challengeId, char[] response, @Nullable Object puzzle) implements Wiped {
        @Override
        public void wipe() {
            Passwords.wipe(response);
        }

        @Override
        public String toString() {
            return "KeyLogin";
        }
    }

    record SignedIn(
            String username,
            String accessToken,
            String tokenType,
            long expiresIn,
            char[] refreshToken,
            char[] deviceToken)
            implements Wiped {
        @Override
        public void wipe() {
            Passwords.wipe(refreshToken);
            Passwords.wipe(deviceToken);
        }

        @Override
        public String toString() {
            return "SignedIn";
        }

        static SignedIn of(Username name, Grant grant, Duration accessLife) {
            return new SignedIn(
                    name.at(),
                    grant.accessToken(),
                    "bearer",
                    accessLife.toSeconds(),
                    grant.refreshToken().chars(),
                    grant.deviceToken().chars());
        }
    }

    record Registered(
            String username,
            String accessToken,
            String tokenType,
            long expiresIn,
            char[] refreshToken,
            char[] deviceToken,
            List<char[]> recoveryCodes)
            implements Wiped {
        @Override
        public void wipe() {
            Passwords.wipe(refreshToken);
            Passwords.wipe(deviceToken);
            recoveryCodes.forEach(Passwords::wipe);
        }

        @Override
        public String toString() {
            return "Registered";
        }

        static Registered of(Username name, Accounts.Made made, Duration accessLife) {
            return new Registered(
                    name.at(),
                    made.grant().accessToken(),
                    "bearer",
                    accessLife.toSeconds(),
                    made.grant().refreshToken().chars(),
                    made.grant().deviceToken().chars(),
                    texts(made.codes()));
        }
    }

    record Codes(List<char[]> recoveryCodes) implements Wiped {
        @Override
        public void wipe() {
            recoveryCodes.forEach(Passwords::wipe);
        }

        @Override
        public String toString() {
            return "Codes";
        }

        static Codes of(List<RecoveryCode> codes) {
            return new Codes(texts(codes));
        }
    }

    record KeyAccepted(String fingerprint, String effectiveAt) {
        static KeyAccepted of(KeyChanges.Accepted accepted) {
            return new KeyAccepted(
                    accepted.fingerprint(), accepted.effectiveAt().toString());
        }
    }

    record ResetChallenge(String resetId, String challenge, long expiresIn) {
        static ResetChallenge of(Resets.Challenge challenge) {
            return new ResetChallenge(
                    challenge.id().text(), challenge.message(), challenge.life().toSeconds());
        }
    }

    record KeyChallenge(String challengeId, String challenge, long expiresIn) {
        static KeyChallenge of(Logins.Challenge challenge) {
            return new KeyChallenge(
                    challenge.id().text(), challenge.message(), challenge.life().toSeconds());
        }
    }

    record SessionRow(String sessionId, String createdOn, boolean current) {}

    record SessionList(List<SessionRow> sessions) {
        static SessionList of(List<Session> sessions) {
            return new SessionList(sessions.stream()
                    .map(session -> new SessionRow(
                            session.id().text(), session.createdOn().toString(), session.current()))
                    .toList());
        }
    }

    /**
     * The solution of a puzzle: base64 of JSON, as altcha's widgets send it, or the JSON itself. One that cannot be read is none:
     * while no puzzle is asked for, nobody cares.
     */
    static @Nullable Solution solution(@Nullable Object puzzle) {
        try {
            if (puzzle instanceof String text && text.length() <= PUZZLE_CHARS_MAX) {
                byte[] json = Base64.getDecoder().decode(text.getBytes(StandardCharsets.US_ASCII));
                return Json.read(json, Solution.class);
            }
            if (puzzle instanceof Map<?, ?> map) {
                return Json.read(Json.write(map), Solution.class);
            }
        } catch (IllegalArgumentException | Refused unreadable) {
            return null;
        }
        if (puzzle == null) {
            return null;
        }
        throw Reason.MALFORMED.refuse("A puzzle's solution is base64 of JSON, or the JSON.");
    }

    static OpenPgp.UserIds userIds(@Nullable Boolean allowed) {
        return Boolean.TRUE.equals(allowed) ? OpenPgp.UserIds.AS_THEY_ARE : OpenPgp.UserIds.WITHOUT_EMAIL;
    }

    private static List<char[]> texts(List<RecoveryCode> codes) {
        return codes.stream().map(RecoveryCode::text).toList();
    }
}
