// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.util.List;
import org.handshaker.core.KeyLogChain;
import org.handshaker.core.KeyLogEntry;
import org.handshaker.core.Refused;
import org.handshaker.core.Username;
import org.handshaker.web.Json;
import org.jspecify.annotations.Nullable;

/**
 * A user's key log, as the relay tells it. Keep {@code head} and check the next one against it: a relay can tell a whole story
 * that is false, but not two.
 */
public record KeyHistory(Username user, List<KeyLogEntry> entries, String head) {
    static KeyHistory of(Answer answer) {
        List<KeyLogEntry> entries = answer.objects("entries").stream()
                .map(entry -> new KeyLogEntry(
                        entry.number("position"),
                        entry.text("key"),
                        entry.text("change"),
                        entry.text("fingerprint"),
                        entry.text("day"),
                        entry.text("previous"),
                        entry.text("hash")))
                .toList();
        return new KeyHistory(Username.parse(answer.text("username")), entries, answer.text("head"));
    }

    /** What was kept of an answer of {@code GET /users/{username}/key-log}. */
    public static KeyHistory parse(String json) {
        try {
            return of(new Answer(Json.map(json)));
        } catch (Refused | RelayUnreachable unreadable) {
            throw new KeyLogBroken("This is no key log.");
        }
    }

    /**
     * @param seen a head that was seen before; null when none was
     * @throws KeyLogBroken when something is wrong, with a sentence that says what
     */
    public void check(@Nullable String seen) {
        KeyLogChain.fault(user, entries, head, seen).ifPresent(sentence -> {
            throw new KeyLogBroken(sentence);
        });
    }
}
