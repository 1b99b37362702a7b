// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.handshaker.core.Standing;
import org.handshaker.core.Username;
import org.jspecify.annotations.Nullable;

/** One request as an endpoint sees it: who calls, the values in the path and query, and a body that has been read whole. */
public final class Call {
    private static final Pattern WHOLE_NUMBER = Pattern.compile("-?[0-9]+");

    private final @Nullable Caller caller;
    private final OptionalInt circuit;
    private final Map<String, String> path;
    private final Map<String, String> query;
    private final byte[] body;
    /** Read once, for the door and the endpoint alike. */
    private @Nullable Object parsed;

    private Standing standing;

    Call(
            @Nullable Caller caller,
            OptionalInt circuit,
            Map<String, String> path,
            Map<String, String> query,
            byte[] body) {
        this.caller = caller;
        this.circuit = circuit;
        this.path = path;
        this.query = query;
        this.body = body;
        this.standing = caller == null ? Standing.STRANGER : Standing.KNOWN;
    }

    /** Who calls; the router let nobody else through. */
    public Caller caller() {
        if (caller == null) {
            throw new IllegalStateException("only a route with Access.USER knows its caller");
        }
        return caller;
    }

    public Id user() {
        return caller().user();
    }

    /** Whether it goes ahead of strangers. */
    public Standing standing() {
        return standing;
    }

    void goesAhead() {
        standing = Standing.KNOWN;
    }

    /** Tor's id of the circuit, where the listener learns one. Lives in memory only. */
    public OptionalInt circuit() {
        return circuit;
    }

    public String path(String name) {
        @Nullable String value = path.get(name);
        if (value == null) {
            throw new IllegalStateException("the route's path has no {" + name + "}");
        }
        return value;
    }

    /** A username in the path. One that no user can have is as unknown as any other: {@code not_found}. */
    public Username username(String name) {
        try {
            return Username.parse(path(name));
        } catch (Refused impossible) {
            throw Reason.NOT_FOUND.refuse();
        }
    }

    public @Nullable String query(String name) {
        return query.get(name);
    }

    /** A whole number in the query; {@code malformed} when it is something else or out of bounds. */
    public long queryLong(String name, long min, long max, long otherwise) {
        @Nullable String text = query.get(name);
        if (text == null) {
            return otherwise;
        }
        // Java alone would take the digits of every script.
        if (!WHOLE_NUMBER.matcher(text).matches()) {
            throw Reason.MALFORMED.refuse("A query parameter must be a whole number.");
        }
        try {
            long value = Long.parseLong(text);
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException tooLong) {
            throw Reason.MALFORMED.refuse("A query parameter is out of bounds.");
        }
        throw Reason.MALFORMED.refuse("A query parameter is out of bounds.");
    }

    public <T> T body(Class<T> type) {
        if (type.isInstance(parsed)) {
            return type.cast(parsed);
        }
        T read = Json.read(body, type);
        parsed = read;
        return read;
    }

    /** After the answer: what may have held a password is in memory no longer than it must. */
    void forget() {
        Arrays.fill(body, (byte) 0);
        if (parsed instanceof Wiped secret) {
            secret.wipe();
        }
    }

    public <T> Optional<T> bodyIfAny(Class<T> type) {
        return body.length == 0 ? Optional.empty() : Optional.of(body(type));
    }
}
