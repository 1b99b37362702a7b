// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.handshaker.admin.OperatorToken;
import org.handshaker.client.Carrier;
import org.handshaker.client.Operator;
import org.handshaker.client.RelayAddress;
import org.handshaker.client.RelayRefused;
import org.handshaker.client.RelayUnreachable;
import org.handshaker.core.Config;
import org.handshaker.core.Listen;
import org.handshaker.core.Unusable;
import org.handshaker.core.Username;
import org.jspecify.annotations.Nullable;

/**
 * What an operator tells a relay that runs, over the socket of {@code --admin}. Standard output has what is asked for, a line
 * {@code name value} for each number; the token is read from its file and never on a command line.
 */
final class AdminCommands {
    private final Path socket;
    private final Consumer<String> out;

    AdminCommands(Config config, Consumer<String> out) {
        this.socket = config.admin()
                .map(Listen::unixPath)
                .orElseThrow(() -> new Unusable("Say where the relay's socket is: --admin unix:PATH, as for serve."));
        this.out = out;
    }

    void status() {
        lines("", call("GET", "status", null));
    }

    private void lines(String prefix, Map<?, ?> members) {
        members.forEach((name, value) -> {
            if (value instanceof Map<?, ?> inner) {
                lines(prefix + name + ".", inner);
            } else {
                out.accept(prefix + name + " " + value);
            }
        });
    }

    void registration(String who) {
        call("PUT", "registration", Map.of("registration", who));
    }

    void puzzle(String when, @Nullable Integer doublings) {
        call("PUT", "puzzle", Map.of("puzzle", when, "doublings", doublings == null ? 0 : doublings));
    }

    void suspend(String name) {
        call("PUT", "suspensions/" + bare(name), null);
    }

    void resume(String name) {
        call("DELETE", "suspensions/" + bare(name), null);
    }

    void delete(String name) {
        call("DELETE", "accounts/" + bare(name), null);
    }

    void announce(String text) {
        call("POST", "announcement", Map.of("text", text));
    }

    void drain(@Nullable Integer seconds) {
        call("POST", "drain", seconds == null ? null : Map.of("seconds", seconds));
    }

    private static String bare(String name) {
        try {
            return Username.parse(name).bare();
        } catch (org.handshaker.core.Refused noName) {
            throw new Unusable(noName.detail(), noName);
        }
    }

    private Map<String, Object> call(String method, String path, @Nullable Object body) {
        String token = token();
        try (Carrier carrier = Carrier.to(RelayAddress.parse("unix:" + socket))) {
            return new Operator(carrier, token).call(method, path, body);
        } catch (RelayRefused refused) {
            throw new Unusable(sentence(refused), refused);
        } catch (RelayUnreachable unreachable) {
            throw new Unusable(String.valueOf(unreachable.getMessage()), unreachable);
        }
    }

    private static String sentence(RelayRefused refused) {
        return switch (refused.code()) {
            case "not_found" -> "Nobody has this name.";
            case "not_signed_in" -> "The token beside the socket is not this relay's.";
            default -> refused.code() + ": " + refused.getMessage();
        };
    }

    private String token() {
        try {
            return Files.readString(OperatorToken.fileOf(socket), StandardCharsets.US_ASCII)
                    .strip();
        } catch (IOException unreadable) {
            throw new Unusable(
                    "There is no token beside unix:" + socket + " that you can read: does the relay run, with this"
                            + " --admin, as your user?",
                    unreadable);
        }
    }
}
