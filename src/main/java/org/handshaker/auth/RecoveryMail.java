// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.util.Optional;
import org.handshaker.core.Id;
import org.handshaker.core.MailAddress;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.core.Vault;
import org.handshaker.directory.Directory;
import org.handshaker.directory.User;
import org.handshaker.queue.Queue;
import org.handshaker.store.Database;
import org.handshaker.web.Json;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Which address an account gives for its codes: of it only an Argon2id hash is kept, so that the relay knows the address while a
 * person asks for a code and names it, and at no other time. Off unless the operator has a mail server.
 */
final class RecoveryMail {
    private static final String TOLD = "account.recovery_email";

    /** What the owner's devices are told. */
    private record Told(boolean set) {}

    private final Database database;
    private final Directory directory;
    private final Passwords passwords;
    private final Queue queue;
    private final RecoveryMailStore store;
    private final boolean isOn;

    RecoveryMail(
            Database database,
            Vault vault,
            Directory directory,
            Passwords passwords,
            Queue queue,
            @Nullable Post post) {
        this.database = database;
        this.directory = directory;
        this.passwords = passwords;
        this.queue = queue;
        this.store = new RecoveryMailStore(vault);
        this.isOn = post != null;
    }

    /** Reads an address; {@code mail_disabled} where there is no recovery mail, {@code bad_email} for what is none. */
    MailAddress parse(char[] text) {
        if (!isOn) {
            throw Reason.MAIL_DISABLED.refuse();
        }
        return MailAddress.parse(text);
    }

    /** What is kept of an address; as much work as a password. */
    String hash(MailAddress address) {
        return passwords.hash(address.chars());
    }

    /** Gives the account this address, in place of the one before, and tells its owner. */
    void set(Handle handle, Id user, String hash) {
        store.set(handle, user, hash);
        tell(handle, user, new Told(true));
    }

    /** The same without a word, for an account that has just been made. */
    void setFirst(Handle handle, Id user, String hash) {
        store.set(handle, user, hash);
    }

    /** Takes the account's address away, if it has one. */
    void clear(Handle handle, Id user) {
        if (store.delete(handle, user)) {
            tell(handle, user, new Told(false));
        }
    }

    private void tell(Handle handle, Id user, Told told) {
        queue.announce(handle, user, TOLD, Json.text(told), "");
    }

    /** Whether this is the account's address; the same work for a name that nobody has, and for an account without one. */
    boolean fits(Username name, MailAddress address) {
        Optional<String> hash = database.read(handle ->
                store.find(handle, directory.find(handle, name).map(User::id).orElseGet(Id::random)));
        return hash.map(known -> passwords.matches(address.chars(), known))
                .orElseGet(() -> passwords.matchesNobody(address.chars()));
    }
}
