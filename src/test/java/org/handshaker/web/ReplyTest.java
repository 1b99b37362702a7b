// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ReplyTest {
    record Shown(char[] token) implements Wiped {
        @Override
        public void wipe() {
            Arrays.fill(token, '\0');
        }
    }

    @Test
    void aSecretIsWipedFromItsBodyAtOnceAndFromTheAnswerWhenThatIsSent() {
        char[] token = "secret".toCharArray();
        Reply reply = Reply.secret(201, new Shown(token));
        assertArrayEquals(new char[6], token);
        assertEquals("{\"token\":\"secret\"}", new String(reply.body(), UTF_8).strip());
        assertEquals(512, reply.body().length);
        reply.afterwards().run();
        assertArrayEquals(new byte[512], reply.body());
    }
}
