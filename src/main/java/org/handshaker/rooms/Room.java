// SPDX-License-Identifier: MIT
package org.handshaker.rooms;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.jspecify.annotations.Nullable;

/**
 * One room and who is in it. Everything here is guarded by the room itself, and what happens in it is told while it is held:
 * so all members hear it in one order, nobody hears a room before having joined or after having left, and nobody signals
 * before the others know of them.
 */
final class Room {
    /** One client's place, under an id that means nothing elsewhere. */
    record Place(Occupant occupant, Id user, String clientId) {}

    /** Nobody comes back into a room whose last member has left. */
    enum Phase {
        WAITING,
        OPEN,
        GONE
    }

    final Id id;
    final Id maker;
    final @Nullable Topic topic;
    final long waitsUntilNanos;
    Phase phase = Phase.WAITING;
    private final Map<Occupant, Place> places = new LinkedHashMap<>();

    Room(Id id, Id maker, @Nullable Topic topic, long waitsUntilNanos) {
        this.id = id;
        this.maker = maker;
        this.topic = topic;
        this.waitsUntilNanos = waitsUntilNanos;
    }

    int size() {
        return places.size();
    }

    @Nullable
    Place of(Occupant occupant) {
        return places.get(occupant);
    }

    boolean holds(Id user) {
        return places.values().stream().anyMatch(place -> place.user().equals(user));
    }

    boolean knows(String clientId) {
        return places.values().stream().anyMatch(place -> place.clientId().equals(clientId));
    }

    /** The newcomer hears first, so that nothing comes before it. */
    void take(Place newcomer) {
        places.put(newcomer.occupant(), newcomer);
        welcome(newcomer);
        tell(newcomer, tongue -> tongue.moved(id.text(), newcomer.clientId(), Tongue.Move.JOINED));
    }

    void welcome(Place place) {
        List<String> members = places.values().stream().map(Place::clientId).toList();
        Occupant occupant = place.occupant();
        occupant.tongue().joined(id.text(), place.clientId(), members).forEach(occupant::hear);
    }

    void drop(Place leaver) {
        places.remove(leaver.occupant());
        tell(leaver, tongue -> tongue.moved(id.text(), leaver.clientId(), Tongue.Move.LEFT));
    }

    void pass(Place from, Signal signal) {
        Function<Tongue, byte[]> writing = tongue -> tongue.signal(id.text(), from.clientId(), signal);
        if (signal.to() == null) {
            tell(from, writing);
            return;
        }
        Place target = places.values().stream()
                .filter(place -> !place.equals(from) && place.clientId().equals(signal.to()))
                .findFirst()
                .orElseThrow(() -> Reason.NOT_FOUND.refuse("Nobody of that id is in the room."));
        target.occupant().hear(writing.apply(target.occupant().tongue()));
    }

    private void tell(Place about, Function<Tongue, byte[]> writing) {
        Map<Tongue, byte[]> written = new HashMap<>();
        // A copy: hearing may end a socket, and whoever listens to that may look here.
        for (Place place : new ArrayList<>(places.values())) {
            if (!place.equals(about)) {
                Occupant occupant = place.occupant();
                occupant.hear(written.computeIfAbsent(occupant.tongue(), writing));
            }
        }
    }
}
