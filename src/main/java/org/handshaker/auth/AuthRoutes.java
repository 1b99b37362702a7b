// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.handshaker.web.Access.ANYONE;
import static org.handshaker.web.Access.USER;

import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.handshaker.auth.AuthBodies.Codes;
import org.handshaker.auth.AuthBodies.Forgot;
import org.handshaker.auth.AuthBodies.KeyAccepted;
import org.handshaker.auth.AuthBodies.KeyChallenge;
import org.handshaker.auth.AuthBodies.KeyChallengeRequest;
import org.handshaker.auth.AuthBodies.KeyLogin;
import org.handshaker.auth.AuthBodies.Login;
import org.handshaker.auth.AuthBodies.Logout;
import org.handshaker.auth.AuthBodies.PasswordChange;
import org.handshaker.auth.AuthBodies.PasswordProof;
import org.handshaker.auth.AuthBodies.PgpKeyChange;
import org.handshaker.auth.AuthBodies.RecoveryEmail;
import org.handshaker.auth.AuthBodies.Refresh;
import org.handshaker.auth.AuthBodies.Registered;
import org.handshaker.auth.AuthBodies.Registration;
import org.handshaker.auth.AuthBodies.Reset;
import org.handshaker.auth.AuthBodies.ResetChallenge;
import org.handshaker.auth.AuthBodies.SessionList;
import org.handshaker.auth.AuthBodies.SignedIn;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.MailAddress;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Secret;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.directory.Listing;
import org.handshaker.directory.User;
import org.handshaker.guard.Newcomers;
import org.handshaker.guard.Puzzle.Purpose;
import org.handshaker.web.Call;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.jspecify.annotations.Nullable;

/** Section 1 of the contract over HTTP. Passwords, tokens and codes are wiped as soon as their call has been answered. */
final class AuthRoutes {
    private final Accounts accounts;
    private final Logins logins;
    private final Sessions sessions;
    private final Resets resets;
    private final RecoveryMail mail;
    private final @Nullable Outbox outbox;
    private final KeyChanges keys;
    private final OpenPgp openPgp;
    private final Directory directory;
    private final Newcomers newcomers;
    private final Devices devices;
    private final InstantSource time;

    AuthRoutes(
            Accounts accounts,
            Logins logins,
            Sessions sessions,
            Resets resets,
            RecoveryMail mail,
            @Nullable Outbox outbox,
            KeyChanges keys,
            OpenPgp openPgp,
            Directory directory,
            Newcomers newcomers,
            Devices devices,
            InstantSource time) {
        this.accounts = accounts;
        this.logins = logins;
        this.sessions = sessions;
        this.resets = resets;
        this.mail = mail;
        this.outbox = outbox;
        this.keys = keys;
        this.openPgp = openPgp;
        this.directory = directory;
        this.newcomers = newcomers;
        this.devices = devices;
        this.time = time;
    }

    List<Route> routes() {
        return List.of(
                Route.post("/auth/register", ANYONE, this::register)
                        .costs(Cost.REGISTER)
                        .bodyMax(Limits.PGP_BODY_BYTES_MAX)
                        .behind(AuthDoor.forStrangers(this::mayRegister))
                        .heavy(),
                Route.post("/auth/login", ANYONE, this::login)
                        .costs(Cost.LOGIN)
                        .behind(AuthDoor.forDevices(this::deviceAtLogin, this::mayLogin))
                        .heavy(),
                Route.post("/auth/refresh", ANYONE, this::refresh).costs(Cost.WRITE),
                Route.post("/auth/logout", USER, this::logout).costs(Cost.WRITE),
                Route.put("/auth/password", USER, this::changePassword)
                        .costs(Cost.ACCOUNT)
                        .heavy(),
                Route.put("/auth/pgp-key", USER, this::changeKey)
                        .costs(Cost.ACCOUNT)
                        .bodyMax(2 * Limits.PGP_BODY_BYTES_MAX)
                        .heavy(),
                Route.delete("/auth/pgp-key/pending", USER, this::withdrawKey).costs(Cost.ACCOUNT),
                Route.post("/auth/forgot-password", ANYONE, this::forgot)
                        .costs(Cost.FORGOT)
                        .behind(AuthDoor.forDevices(this::deviceThatForgot, this::mayForget)),
                Route.post("/auth/reset-password", ANYONE, this::reset)
                        .costs(Cost.FORGOT)
                        .behind(AuthDoor.forDevices(this::deviceThatResets, this::mayReset))
                        .heavy(),
                Route.post("/auth/key-challenge", ANYONE, this::keyChallenge)
                        .costs(Cost.LOGIN)
                        .behind(AuthDoor.forStrangers(this::mayAskForChallenge)),
                Route.post("/auth/key-login", ANYONE, this::keyLogin)
                        .costs(Cost.LOGIN)
                        .behind(AuthDoor.forStrangers(this::mayAnswerChallenge)),
                Route.post("/auth/recovery-codes", USER, this::renewCodes)
                        .costs(Cost.ACCOUNT)
                        .heavy(),
                Route.put("/auth/recovery-email", USER, this::setMail)
                        .costs(Cost.ACCOUNT)
                        .heavy(),
                Route.delete("/auth/recovery-email", USER, this::clearMail)
                        .costs(Cost.ACCOUNT)
                        .heavy(),
                Route.get("/auth/sessions", USER, this::listSessions),
                Route.delete("/auth/sessions/{session_id}", USER, this::endSession)
                        .costs(Cost.ACCOUNT),
                Route.delete("/auth/account", USER, this::deleteAccount)
                        .costs(Cost.ACCOUNT)
                        .heavy(),
                Route.get("/auth/puzzle", ANYONE, this::puzzle));
    }

    private void mayRegister(Call call) {
        Registration body = call.body(Registration.class);
        try (@Nullable Secret invite = Secret.orNull(body.invite())) {
            accounts.requireOpen(invite);
        }
        requireAddress(body.recoveryEmail());
        demand(call, Purpose.REGISTER, body.username(), body.puzzle());
    }

    private Reply register(Call call) {
        Registration body = call.body(Registration.class);
        Username name = Username.parse(body.username());
        @Nullable
        Certificate certificate = body.pgpPublicKey() == null
                ? null
                : openPgp.read(body.pgpPublicKey(), AuthBodies.userIds(body.allowUserIds()), time.instant());
        Listing listing = Boolean.TRUE.equals(body.discoverable()) ? Listing.PREFIX : Listing.EXACT_NAME;
        @Nullable MailAddress mailTo = address(body.recoveryEmail());
        try (@Nullable Secret invite = Secret.orNull(body.invite());
                Accounts.Made made = accounts.register(name, body.password(), certificate, listing, invite, mailTo)) {
            return Reply.secret(201, Registered.of(name, made, sessions.accessLife()));
        } finally {
            wipe(mailTo);
        }
    }

    /** The user whose device this is: the token was made for this account, and no other opens the line for it. */
    private Optional<Id> device(String username, char @Nullable [] text) {
        if (text == null) {
            return Optional.empty();
        }
        try (Secret token = Secret.of(text)) {
            return directory.find(Username.parse(username)).map(User::id).filter(user -> devices.isKnown(user, token));
        }
    }

    private void demand(Call call, Purpose purpose, String username, @Nullable Object puzzle) {
        newcomers.demand(call.standing(), purpose, Username.parse(username), AuthBodies.solution(puzzle));
    }

    private Optional<Id> deviceAtLogin(Call call) {
        Login body = call.body(Login.class);
        return device(body.username(), body.deviceToken());
    }

    private void mayLogin(Call call) {
        Login body = call.body(Login.class);
        demand(call, Purpose.LOGIN, body.username(), body.puzzle());
    }

    private Reply login(Call call) {
        Login body = call.body(Login.class);
        Username name = Username.parse(body.username());
        try {
            return signedIn(name, logins.byPassword(name, body.password()));
        } catch (Refused refused) {
            newcomers.failed(call.standing(), name, refused);
            throw refused;
        }
    }

    private Reply refresh(Call call) {
        Refresh body = call.body(Refresh.class);
        Grant grant;
        try (Secret token = Secret.of(body.refreshToken())) {
            grant = sessions.refresh(token, body.retryId());
        }
        Username name = directory.name(grant.caller().user()).orElseThrow(Reason.SESSION_REVOKED::refuse);
        return signedIn(name, grant);
    }

    private Reply signedIn(Username name, Grant grant) {
        try (grant) {
            return Reply.secret(200, SignedIn.of(name, grant, sessions.accessLife()));
        }
    }

    private Reply logout(Call call) {
        boolean everywhere = call.bodyIfAny(Logout.class)
                .map(body -> Boolean.TRUE.equals(body.everywhere()))
                .orElse(false);
        if (everywhere) {
            sessions.endAll(call.user());
        } else {
            sessions.end(call.caller());
        }
        return Reply.noContent();
    }

    private Reply changePassword(Call call) {
        PasswordChange body = call.body(PasswordChange.class);
        accounts.changePassword(call.caller(), body.currentPassword(), body.newPassword());
        return Reply.noContent();
    }

    private Reply changeKey(Call call) {
        PgpKeyChange body = call.body(PgpKeyChange.class);
        Certificate next = openPgp.read(body.pgpPublicKey(), AuthBodies.userIds(body.allowUserIds()), time.instant());
        KeyChanges.Password password = KeyChanges.Password.NOT_GIVEN;
        if (body.currentPassword() != null) {
            accounts.requirePassword(call.user(), body.currentPassword());
            password = KeyChanges.Password.GIVEN;
        }
        KeyChanges.Accepted accepted = keys.change(call.user(), next, body.pgpPublicKey(), body.signature(), password);
        return Reply.ok(KeyAccepted.of(accepted));
    }

    private Reply withdrawKey(Call call) {
        keys.withdraw(call.user());
        return Reply.noContent();
    }

    private Optional<Id> deviceThatForgot(Call call) {
        Forgot body = call.body(Forgot.class);
        return device(body.username(), body.deviceToken());
    }

    private void mayForget(Call call) {
        Forgot body = call.body(Forgot.class);
        requireAddress(body.recoveryEmail());
        demand(call, Purpose.FORGOT, body.username(), body.puzzle());
    }

    private Reply forgot(Call call) {
        Forgot body = call.body(Forgot.class);
        Username name = Username.parse(body.username());
        @Nullable MailAddress mailTo = address(body.recoveryEmail());
        Resets.Challenge challenge;
        try (@Nullable Secret device = Secret.orNull(body.deviceToken())) {
            challenge = resets.ask(name, device);
        } catch (RuntimeException refused) {
            wipe(mailTo);
            throw refused;
        }
        if (outbox != null && mailTo != null) {
            outbox.ask(name, challenge.id(), mailTo, call.standing());
        }
        return Reply.accepted(ResetChallenge.of(challenge));
    }

    /** The call brings no device token; that a known device asked for this reset is on file. */
    private Optional<Id> deviceThatResets(Call call) {
        Reset body = call.body(Reset.class);
        return body.resetId() == null
                ? Optional.empty()
                : resets.device(Username.parse(body.username()), body.resetId());
    }

    private void mayReset(Call call) {
        Reset body = call.body(Reset.class);
        demand(call, Purpose.FORGOT, body.username(), body.puzzle());
    }

    private Reply reset(Call call) {
        Reset body = call.body(Reset.class);
        Username name = Username.parse(body.username());
        if (body.recoveryCode() != null) {
            try (RecoveryCode code = RecoveryCode.parse(body.recoveryCode())) {
                accounts.resetByCode(name, code, body.newPassword());
            }
        } else if (body.resetId() != null && body.otp() != null) {
            try (Secret otp = Secret.of(body.otp())) {
                accounts.resetByOtp(name, body.resetId(), otp, body.newPassword());
            }
        }
        return Reply.noContent();
    }

    private void mayAskForChallenge(Call call) {
        KeyChallengeRequest body = call.body(KeyChallengeRequest.class);
        demand(call, Purpose.LOGIN, body.username(), body.puzzle());
    }

    private Reply keyChallenge(Call call) {
        KeyChallengeRequest body = call.body(KeyChallengeRequest.class);
        Username name = Username.parse(body.username());
        return Reply.accepted(KeyChallenge.of(logins.challenge(name)));
    }

    private void mayAnswerChallenge(Call call) {
        KeyLogin body = call.body(KeyLogin.class);
        demand(call, Purpose.LOGIN, body.username(), body.puzzle());
    }

    private Reply keyLogin(Call call) {
        KeyLogin body = call.body(KeyLogin.class);
        Username name = Username.parse(body.username());
        try (Secret response = Secret.of(body.response())) {
            return signedIn(name, logins.byKey(name, body.challengeId(), response));
        }
    }

    private Reply renewCodes(Call call) {
        PasswordProof body = call.body(PasswordProof.class);
        List<RecoveryCode> codes = accounts.renewCodes(call.user(), body.password());
        Codes shown = Codes.of(codes);
        codes.forEach(RecoveryCode::close);
        return Reply.secret(200, shown);
    }

    private Reply listSessions(Call call) {
        return Reply.ok(SessionList.of(sessions.list(call.caller())));
    }

    private Reply endSession(Call call) {
        sessions.end(call.user(), Id.parse(call.path("session_id")));
        return Reply.noContent();
    }

    private Reply deleteAccount(Call call) {
        PasswordProof body = call.body(PasswordProof.class);
        accounts.delete(call.user(), body.password());
        return Reply.noContent();
    }

    private Reply puzzle(Call call) {
        return Reply.ok(newcomers.challenge(Purpose.parse(call.query("for"))));
    }

    private Reply setMail(Call call) {
        RecoveryEmail body = call.body(RecoveryEmail.class);
        MailAddress address = mail.parse(body.recoveryEmail());
        try {
            accounts.setMail(call.user(), body.password(), address);
            return Reply.noContent();
        } finally {
            wipe(address);
        }
    }

    private Reply clearMail(Call call) {
        PasswordProof body = call.body(PasswordProof.class);
        accounts.clearMail(call.user(), body.password());
        return Reply.noContent();
    }

    private @Nullable MailAddress address(char @Nullable [] recoveryEmail) {
        return recoveryEmail == null ? null : mail.parse(recoveryEmail);
    }

    /** Before anything is asked of the store, and the same for every name. */
    private void requireAddress(char @Nullable [] recoveryEmail) {
        wipe(address(recoveryEmail));
    }

    private static void wipe(@Nullable MailAddress address) {
        if (address != null) {
            address.wipe();
        }
    }
}
