// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One JSON object from the relay. It is read leniently, unlike what the relay itself takes in: members unknown here are
 * skipped, since a newer relay may say more, and only a missing one that is needed is a fault.
 */
record Answer(Map<String, Object> members) {
    String text(String name) {
        @Nullable String text = textIfAny(name);
        if (text == null) {
            throw missing(name);
        }
        return text;
    }

    @Nullable
    String textIfAny(String name) {
        return members.get(name) instanceof String text ? text : null;
    }

    long number(String name) {
        if (members.get(name) instanceof Number number) {
            return number.longValue();
        }
        throw missing(name);
    }

    long numberOr(String name, long otherwise) {
        return members.get(name) instanceof Number number ? number.longValue() : otherwise;
    }

    boolean flag(String name) {
        return Boolean.TRUE.equals(members.get(name));
    }

    /** A value that is only ever handed back as it came. */
    Object opaque(String name) {
        @Nullable Object value = members.get(name);
        if (value == null) {
            throw missing(name);
        }
        return value;
    }

    @Nullable
    Answer objectIfAny(String name) {
        return members.get(name) instanceof Map<?, ?> map ? of(map) : null;
    }

    List<Answer> objects(String name) {
        if (members.get(name) instanceof List<?> list) {
            return list.stream()
                    .filter(Map.class::isInstance)
                    .map(entry -> of((Map<?, ?>) entry))
                    .toList();
        }
        throw missing(name);
    }

    List<String> texts(String name) {
        if (members.get(name) instanceof List<?> list) {
            return list.stream()
                    .filter(String.class::isInstance)
                    .map(String.class::cast)
                    .toList();
        }
        throw missing(name);
    }

    @SuppressWarnings("unchecked") // the keys of a JSON object are text
    private static Answer of(Map<?, ?> object) {
        return new Answer((Map<String, Object>) object);
    }

    private static RelayUnreachable missing(String name) {
        return new RelayUnreachable("What answers there is not a Handshaker relay (no \"" + name + "\").", null);
    }

    /** Tokens pass through here, so the members stay unsaid. */
    @Override
    public String toString() {
        return "Answer";
    }
}
