// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.Caller;
import org.handshaker.core.Config.Registration;
import org.handshaker.core.Id;
import org.handshaker.core.MailAddress;
import org.handshaker.core.Reason;
import org.handshaker.core.Secret;
import org.handshaker.core.Username;
import org.handshaker.directory.AccountGone;
import org.handshaker.directory.Directory;
import org.handshaker.directory.Listing;
import org.handshaker.directory.User;
import org.handshaker.store.Database;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** Makes accounts, changes what proves to own them, and deletes them. Whoever asks for a change gives the password again. */
final class Accounts implements AccountGone {
    /** An account that has just been made: signed in, with the codes that are shown this once. */
    record Made(Grant grant, List<RecoveryCode> codes) implements AutoCloseable {
        @Override
        public void close() {
            grant.close();
            codes.forEach(RecoveryCode::close);
        }

        @Override
        public String toString() {
            return "Made";
        }
    }

    private final Database database;
    private final Directory directory;
    private final Passwords passwords;
    private final ProofStore proofs;
    private final Sessions sessions;
    private final Resets resets;
    private final RecoveryMail mail;
    private final InstantSource time;
    private volatile Registration registration;
    private volatile Invitation invitation = Invitation.NONE;

    Accounts(
            Database database,
            Directory directory,
            Passwords passwords,
            ProofStore proofs,
            Sessions sessions,
            Resets resets,
            RecoveryMail mail,
            Registration registration,
            InstantSource time) {
        this.database = database;
        this.directory = directory;
        this.passwords = passwords;
        this.proofs = proofs;
        this.sessions = sessions;
        this.resets = resets;
        this.mail = mail;
        this.registration = registration;
        this.time = time;
    }

    Registration registration() {
        return registration;
    }

    void registration(Registration changed) {
        registration = changed;
    }

    /** Tells who knows invites; until then nobody is invited. */
    void invitedBy(Invitation known) {
        invitation = known;
    }

    /** Refuses while the operator takes nobody, or nobody without an invite; the cheapest question, asked first. */
    void requireOpen(@Nullable Secret invite) {
        switch (registration) {
            case OPEN -> {}
            case INVITE -> {
                if (invite == null || !invitation.admits(invite)) {
                    throw Reason.INVITE_REQUIRED.refuse();
                }
            }
            case CLOSED -> throw Reason.REGISTRATION_CLOSED.refuse();
        }
    }

    /**
     * Makes an account; {@code bad_password} or {@code username_taken} where that cannot be.
     *
     * @param invite used up where registration is by invite only
     * @param mailTo where codes may be mailed to; nothing of it is kept but a hash
     */
    Made register(
            Username name,
            char[] password,
            @Nullable Certificate certificate,
            Listing listing,
            @Nullable Secret invite,
            @Nullable MailAddress mailTo) {
        passwords.requireFit(password);
        if (directory.find(name).isPresent()) {
            throw Reason.USERNAME_TAKEN.refuse();
        }
        String phc = passwords.hash(password);
        @Nullable String mailHash = mailTo == null ? null : mail.hash(mailTo);
        List<RecoveryCode> codes = RecoveryCode.fresh();
        return database.write(handle -> {
            if (registration == Registration.INVITE && (invite == null || !invitation.use(handle, invite))) {
                throw Reason.INVITE_REQUIRED.refuse();
            }
            User user = directory.create(handle, Id.random(), name, listing, time.instant());
            proofs.setPassword(handle, user.id(), phc);
            proofs.setCodes(handle, user.id(), codes);
            if (mailHash != null) {
                mail.setFirst(handle, user.id(), mailHash);
            }
            if (certificate != null) {
                // The password was set in the same breath: nobody else can have chosen this key.
                directory.setKey(handle, user.id(), certificate.armored(), certificate.fingerprint(), time.instant());
            }
            resets.forget(handle, name);
            return new Made(sessions.open(handle, user.id()), codes);
        });
    }

    /** Sets a new password and ends every other session. */
    void changePassword(Caller caller, char[] current, char[] next) {
        passwords.requireFit(next);
        String before = requirePassword(caller.user(), current);
        String after = passwords.hash(next);
        database.free(handle -> {
            requireSame(handle, caller.user(), before);
            replacePassword(handle, caller.user(), after);
            sessions.endOthers(handle, caller);
            return caller;
        });
    }

    /** Sets a new password for who read the code that was encrypted to the key on file; ends every session. */
    void resetByOtp(Username name, String resetId, Secret otp, char[] next) {
        passwords.requireFit(next);
        // Two steps, so that guessing costs the guesser's try and not a hash.
        resets.check(name, resetId, otp);
        String phc = passwords.hash(next);
        database.free(handle -> {
            resets.use(handle, name, resetId, otp);
            return reset(handle, directory.find(handle, name), phc);
        });
    }

    /**
     * The same for who has a recovery code, which is used up. The mail address is off with that: whoever took the password may
     * have put theirs in its place, and would be back with the next code that is mailed.
     */
    void resetByCode(Username name, RecoveryCode code, char[] next) {
        passwords.requireFit(next);
        boolean fits = database.read(handle -> {
            Optional<Id> user = directory.find(handle, name).map(User::id);
            return proofs.hasCode(handle, user.orElseGet(Id::random), code);
        });
        if (!fits) {
            throw Reason.BAD_OTP.refuse();
        }
        String phc = passwords.hash(next);
        database.free(handle -> {
            Optional<User> user =
                    directory.find(handle, name).filter(found -> proofs.useCode(handle, found.id(), code));
            user.ifPresent(owner -> mail.clear(handle, owner.id()));
            return reset(handle, user, phc);
        });
    }

    private Id reset(Handle handle, Optional<User> proven, String phc) {
        Id user = proven.map(User::id).orElseThrow(Reason.BAD_OTP::refuse);
        replacePassword(handle, user, phc);
        sessions.endAll(handle, user);
        return user;
    }

    /** Puts a new password in place inside the caller's change; whatever reset was under way is off. */
    private void replacePassword(Handle handle, Id user, String phc) {
        proofs.setPassword(handle, user, phc);
        directory.byId(handle, user).map(User::name).ifPresent(name -> resets.forget(handle, name));
    }

    List<RecoveryCode> renewCodes(Id user, char[] password) {
        String proven = requirePassword(user, password);
        List<RecoveryCode> codes = RecoveryCode.fresh();
        database.write(handle -> {
            requireSame(handle, user, proven);
            proofs.setCodes(handle, user, codes);
            return codes;
        });
        return codes;
    }

    /** Codes may be mailed to this address from now on, and to no other. */
    void setMail(Id user, char[] password, MailAddress address) {
        String proven = requirePassword(user, password);
        String hash = mail.hash(address);
        database.write(handle -> {
            requireSame(handle, user, proven);
            mail.set(handle, user, hash);
            return user;
        });
    }

    /** No code is mailed any more. */
    void clearMail(Id user, char[] password) {
        String proven = requirePassword(user, password);
        database.free(handle -> {
            requireSame(handle, user, proven);
            mail.clear(handle, user);
            return user;
        });
    }

    /** Deletes the account and, in the same change, whatever any feature keeps of it. */
    void delete(Id user, char[] password) {
        String proven = requirePassword(user, password);
        database.free(handle -> {
            requireSame(handle, user, proven);
            directory.remove(handle, user);
            return user;
        });
    }

    /** The same on the operator's word, who knows no password. */
    void delete(Username name) {
        database.free(handle -> {
            Id user = directory
                    .find(handle, name)
                    .orElseThrow(() -> Reason.NOT_FOUND.refuse("Nobody has this name."))
                    .id();
            directory.remove(handle, user);
            return user;
        });
    }

    @Override
    public void accountGone(Handle handle, Id user) {
        sessions.endAll(handle, user);
        directory.byId(handle, user).map(User::name).ifPresent(name -> resets.forget(handle, name));
    }

    /** The PHC string that the password fits, or {@code bad_credentials}. */
    String requirePassword(Id user, char[] password) {
        String phc = database.read(handle -> proofs.password(handle, user)).orElseThrow(Reason.NOT_SIGNED_IN::refuse);
        if (!passwords.matches(password, phc)) {
            throw Reason.BAD_CREDENTIALS.refuse();
        }
        return phc;
    }

    /** Hashing takes a while: a password that was changed meanwhile proves nothing any more. */
    private void requireSame(Handle handle, Id user, String proven) {
        if (!proofs.password(handle, user).equals(Optional.of(proven))) {
            throw Reason.BAD_CREDENTIALS.refuse();
        }
    }
}
