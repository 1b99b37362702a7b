// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What one sign-in gave. The access token lives minutes, the refresh token weeks and once.
 *
 * @param staleAt the moment, on {@link System#nanoTime()}'s scale, from which a new access token is fetched first: a
 *     quarter of its life before its end, so that a call that takes long does not end in vain
 */
record Tokens(String username, String access, String refresh, @Nullable String device, long staleAt) {
    static Tokens of(Answer answer, long nanoTime, @Nullable Tokens before) {
        long life = TimeUnit.SECONDS.toNanos(answer.number("expires_in"));
        @Nullable String device = answer.textIfAny("device_token");
        return new Tokens(
                answer.text("username"),
                answer.text("access_token"),
                answer.text("refresh_token"),
                device != null || before == null ? device : before.device(),
                nanoTime + life - life / 4);
    }

    boolean stale(long nanoTime) {
        return nanoTime - staleAt >= 0;
    }

    @Override
    public String toString() {
        return "Tokens";
    }
}
