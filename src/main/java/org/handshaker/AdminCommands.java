// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import org.handshaker.admin.OperatorToken;
import org.handshaker.client.Operator;
import org.handshaker.client.RelayRefused;
import org.handshaker.client.RelayUnreachable;
import org.handshaker.core.Config;
import org.handshaker.core.Listen;
import org.handshaker.core.Refused;
import org.handshaker.core.Unusable;
import org.handshaker.core.Username;
import org.jspecify.annotations.Nullable;

/**
 * What an operator tells a relay that runs, over the socket of {@code --admin}. Standard output has what is asked for, a line
 * {@code name value} for each number; what was done is told, in a sentence, on the other stream. The token is read from its
 * file and stands on no command line.
 */
final class AdminCommands {
    private static final int TOKEN_BYTES_MAX = 256;

    private final Path socket;
    private final Consumer<String> out;
    private final Consumer<String> tell;

    AdminCommands(Config config, Consumer<String> out, Consumer<String> tell) {
        this.socket = config.admin()
                .map(Listen::unixPath)
                .orElseThrow(() -> new Unusable("Say where the relay's socket is: --admin unix:PATH, as for serve."));
        this.out = out;
        this.tell = tell;
    }

    void status() {
        print("", call("GET", "status", null));
    }

    private void print(String prefix, Map<?, ?> members) {
        members.forEach((name, value) -> {
            if (value instanceof Map<?, ?> inner) {
                print(prefix + name + ".", inner);
            } else {
                out.accept(prefix + name + " " + value);
            }
        });
    }

    void registration(String who) {
        call("PUT", "registration", Map.of("registration", who));
        tell.accept("Registration is " + who + " until the relay stops.");
    }

    void puzzle(String when, int doublings) {
        call("PUT", "puzzle", Map.<String, Object>of("puzzle", when, "doublings", doublings));
        tell.accept("The puzzle is " + when + " until the relay stops"
                + (doublings == 0 ? "." : ", its price doubled " + doublings + " times at least."));
    }

    /** Prints the token of an invite to register, and nothing else: a script can take it. */
    void invite(int uses, int days) {
        StoreCommands.requireInvite(uses, days);
        Map<String, Object> made = call(
                "POST",
                "invites",
                Map.<String, Object>of(
                        "uses", uses, "expires_in", Duration.ofDays(days).toSeconds()));
        out.accept(String.valueOf(made.get("invite")));
        tell.accept("It lets " + (uses == 1 ? "one" : uses) + " register until " + made.get("expires_at") + ".");
    }

    void suspend(String name) {
        call("PUT", "suspensions/" + bare(name), null);
        tell.accept("The account is suspended: its sessions have ended, and it cannot sign in.");
    }

    void unsuspend(String name) {
        call("DELETE", "suspensions/" + bare(name), null);
        tell.accept("The account can sign in.");
    }

    void delete(String name) {
        call("DELETE", "accounts/" + bare(name), null);
        tell.accept("The account is gone.");
    }

    void announce(String text) {
        call("POST", "announcement", Map.of("text", text));
        tell.accept("It is being put into the queues; status tells how far it is.");
    }

    void drain(String then) {
        call("POST", "drain", Map.of("then", then));
        tell.accept(
                then.equals("end")
                        ? "Nothing is in memory only any more, and the relay ends."
                        : "Nothing is in memory only any more. The relay asks everybody to come back later until it is"
                                + " stopped.");
    }

    void panic() {
        call("POST", "panic", null);
        tell.accept("The key and the data are destroyed.");
    }

    /** Names go into a path: only what is one gets there. */
    private static String bare(String name) {
        try {
            return Username.parse(name).bare();
        } catch (Refused noName) {
            throw new Unusable(noName.detail(), noName);
        }
    }

    private Map<String, Object> call(String method, String path, @Nullable Object body) {
        try (Operator operator = Operator.at(socket, token())) {
            return operator.call(method, path, body);
        } catch (RelayRefused refused) {
            throw new Unusable(sentence(refused), refused);
        } catch (RelayUnreachable unreachable) {
            throw new Unusable("No relay answers at unix:" + socket + ".", unreachable);
        }
    }

    private static String sentence(RelayRefused refused) {
        return switch (refused.code()) {
            case "not_signed_in" -> "The token beside the socket is not that of the relay that runs.";
            case "too_many_invites" ->
                "A hundred of the operator's invites are good: wait until one is used up or over.";
            case "busy" -> "The announcement before is still under way.";
            default -> refused.detail();
        };
    }

    private String token() {
        Path file = OperatorToken.fileOf(socket);
        try (var in = Files.newInputStream(file)) {
            return new String(in.readNBytes(TOKEN_BYTES_MAX), StandardCharsets.US_ASCII).strip();
        } catch (IOException unreadable) {
            throw new Unusable(
                    "There is no token beside unix:" + socket + " that you can read: does the relay run, with this"
                            + " --admin, as your user?",
                    unreadable);
        }
    }
}
