// SPDX-License-Identifier: MIT
package org.handshaker.rooms;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
import org.handshaker.core.Id;

/** Somebody in rooms who writes down what they hear. */
final class Guest implements Occupant {
    final Id user;
    final List<String> heard = new ArrayList<>();

    Guest(Id user) {
        this.user = user;
    }

    Guest() {
        this(Id.random());
    }

    /** All of a test speak the same. */
    private static final Tongue PLAIN = new Tongue() {
        @Override
        public List<byte[]> joined(String room, String you, List<String> members) {
            return List.of(("in " + room + " as " + you + " with " + String.join(",", members)).getBytes(UTF_8));
        }

        @Override
        public byte[] moved(String room, String clientId, Move move) {
            return (move + " " + room + " " + clientId).getBytes(UTF_8);
        }

        @Override
        public byte[] signal(String room, String from, Signal signal) {
            return ("said " + room + " " + from + " " + signal.payload()).getBytes(UTF_8);
        }
    };

    @Override
    public Tongue tongue() {
        return PLAIN;
    }

    @Override
    public void hear(byte[] frame) {
        heard.add(new String(frame, UTF_8));
    }

    /** The client id of the last join. */
    String name() {
        return heard.stream()
                .filter(line -> line.startsWith("in "))
                .reduce((first, last) -> last)
                .orElseThrow()
                .split(" ", -1)[3];
    }

    List<String> take() {
        List<String> taken = List.copyOf(heard);
        heard.clear();
        return taken;
    }
}
