// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.handshaker.core.Secrets;

/** People with a session and a device each, the even ones connected with their neighbours. */
final class People {
    static final String PASSWORD = "a password of some length";

    private record Person(String name, String token, String device) {}

    private final List<Person> people = new ArrayList<>();

    private People() {}

    /** At a relay that limits nothing; sessions and devices outlive its restart. */
    static People register(InetSocketAddress server, int count) throws IOException {
        People all = new People();
        try (Caller caller = Caller.plain(server)) {
            for (int i = 0; i < count; i++) {
                String name = "p" + i + HexFormat.of().formatHex(Secrets.randomBytes(6));
                Caller.Answer answer = caller.call(
                        "POST",
                        "/auth/register",
                        null,
                        "{\"username\":\"" + name + "\",\"password\":\"" + PASSWORD + "\"}");
                if (answer.status() != 201) {
                    throw new IllegalStateException("could not register: " + answer);
                }
                all.people.add(new Person(name, answer.text("access_token"), answer.text("device_token")));
            }
            for (int i = 0; i < count; i++) {
                caller.call(
                        "POST",
                        "/connections/request",
                        all.token(i),
                        "{\"to_user\":\"@" + all.name(Math.min(i ^ 1, count - 1)) + "\"}");
            }
        }
        return all;
    }

    /** Without an {@code @}. */
    String name(int person) {
        return people.get(person).name;
    }

    String token(int person) {
        return people.get(person).token;
    }

    String device(int person) {
        return people.get(person).device;
    }
}
