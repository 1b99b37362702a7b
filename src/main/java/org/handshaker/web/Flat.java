// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.List;
import java.util.Map;
import org.handshaker.core.Reason;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object without objects in it, read field by field. Each field is taken out by whoever knows it; {@link #end} refuses
 * what nobody knew. A field of another type is {@code malformed}, and so is one that must be there and is not; null is not there.
 */
public final class Flat {
    private final Map<String, Object> fields;

    /** @param fields its own from now on */
    Flat(Map<String, Object> fields) {
        this.fields = fields;
    }

    public String text(String name) {
        return required(maybeText(name));
    }

    public @Nullable String maybeText(String name) {
        return take(name, String.class);
    }

    public @Nullable Long maybeNumber(String name) {
        return take(name, Long.class);
    }

    @SuppressWarnings("unchecked") // There are no other lists.
    public @Nullable List<String> maybeTexts(String name) {
        return take(name, List.class);
    }

    /** Everything that there may be has been asked for. */
    public void end() {
        if (!fields.isEmpty()) {
            throw Reason.MALFORMED.refuse();
        }
    }

    private <T> @Nullable T take(String name, Class<T> type) {
        @Nullable Object value = fields.remove(name);
        if (value != null && !type.isInstance(value)) {
            throw Reason.MALFORMED.refuse();
        }
        return type.cast(value);
    }

    private static <T> T required(@Nullable T value) {
        if (value == null) {
            throw Reason.MALFORMED.refuse("A required field is missing.");
        }
        return value;
    }
}
