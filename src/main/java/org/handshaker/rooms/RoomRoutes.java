// SPDX-License-Identifier: MIT
package org.handshaker.rooms;

import static org.handshaker.web.Access.USER;

import java.util.List;
import org.handshaker.core.Id;
import org.handshaker.core.Reason;
import org.handshaker.web.Call;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.jspecify.annotations.Nullable;

/** Making rooms, finding the public ones, and how many are in one's own. Joining is for sockets. */
public final class RoomRoutes {
    private final Rooms rooms;

    public RoomRoutes(Rooms rooms) {
        this.rooms = rooms;
    }

    public List<Route> routes() {
        return List.of(
                Route.post("/rooms", USER, this::make),
                Route.get("/rooms", USER, this::list),
                Route.get("/rooms/{room}", USER, this::members));
    }

    /** A topic is what everybody reads, so it goes with a public room and nowhere else. */
    private record Wish(@Nullable String topic, @Nullable Boolean public_) {}

    private record Made(String room) {}

    private record Listed(List<Row> rooms) {}

    private record Row(String room, String topic, int members) {}

    private record Members(int members) {}

    private Reply make(Call call) {
        Wish wish = call.bodyIfAny(Wish.class).orElse(new Wish(null, null));
        boolean isPublic = Boolean.TRUE.equals(wish.public_());
        if (isPublic != (wish.topic() != null)) {
            throw Reason.MALFORMED.refuse("A public room has a topic, and no other room has one.");
        }
        Id room = wish.topic() == null ? rooms.make(call.user()) : rooms.makePublic(call.user(), wish.topic());
        return Reply.created(new Made(room.text()));
    }

    private Reply list(Call call) {
        if (!"true".equals(call.query("public"))) {
            throw Reason.MALFORMED.refuse("Only public rooms are listed: say public=true.");
        }
        return Reply.ok(new Listed(rooms.publicRooms().stream()
                .map(room -> new Row(room.room().text(), room.topic(), room.members()))
                .toList()));
    }

    private Reply members(Call call) {
        return Reply.ok(new Members(rooms.members(call.user(), Id.parse(call.path("room")))));
    }
}
