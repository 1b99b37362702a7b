// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.handshaker.web.Wiped;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/** Whatever secret a body gets or shows, its wiping leaves none out. */
@NullUnmarked
final class AuthBodiesTest {
    @Test
    void wipingABodyWipesAllItsCharacters() throws Exception {
        int wiped = 0;
        for (Class<?> body : AuthBodies.class.getDeclaredClasses()) {
            if (body.isRecord() && Arrays.stream(body.getRecordComponents()).anyMatch(AuthBodiesTest::isSecret)) {
                wipe(body);
                wiped++;
            }
        }
        assertTrue(wiped >= 11, "only " + wiped);
    }

    private static boolean isSecret(RecordComponent component) {
        return component.getGenericType().getTypeName().contains("char[]");
    }

    private static void wipe(Class<?> body) throws Exception {
        assertTrue(Wiped.class.isAssignableFrom(body), body.getName());
        List<char[]> secrets = new ArrayList<>();
        List<Object> arguments = new ArrayList<>();
        for (RecordComponent component : body.getRecordComponents()) {
            arguments.add(argument(component, secrets));
        }
        Constructor<?> canonical = body.getDeclaredConstructors()[0];
        canonical.setAccessible(true);
        ((Wiped) canonical.newInstance(arguments.toArray())).wipe();
        for (char[] secret : secrets) {
            assertArrayEquals(new char[secret.length], secret, body.getName());
        }
    }

    private static Object argument(RecordComponent component, List<char[]> secrets) {
        // Of the two ways to reset, one is taken.
        if (component.getName().equals("recoveryCode")) {
            return null;
        }
        if (component.getType() == long.class) {
            return 1L;
        }
        if (!isSecret(component)) {
            return component.getType() == String.class ? "said" : null;
        }
        char[] secret = "secret".toCharArray();
        secrets.add(secret);
        return component.getType() == List.class ? List.of(secret) : secret;
    }

    @Test
    void aRecoveryCodeIsWipedToo() {
        char[] code = "code".toCharArray();
        new AuthBodies.Reset("name", new char[1], null, null, code, null).wipe();
        assertArrayEquals(new char[4], code);
    }
}
