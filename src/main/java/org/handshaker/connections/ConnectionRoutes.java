// SPDX-License-Identifier: MIT
package org.handshaker.connections;

import static org.handshaker.web.Access.USER;

import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Username;
import org.handshaker.directory.Directory;
import org.handshaker.directory.User;
import org.handshaker.web.Call;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.jspecify.annotations.Nullable;

/** Section 3 of the contract over HTTP. */
public final class ConnectionRoutes {
    /** Room for the longest intro with every character escaped. */
    private static final int ASK_BYTES_MAX = 6 * Limits.INTRO_CHARS_MAX + 1_024;

    private final Connections connections;
    private final Directory directory;
    private final Online online;

    public ConnectionRoutes(Connections connections, Directory directory, Online online) {
        this.connections = connections;
        this.directory = directory;
        this.online = online;
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/connections/", USER, this::list),
                Route.get("/connections", USER, this::list),
                Route.get("/connections/list", USER, this::list),
                Route.post("/connections/request", USER, this::ask)
                        .costs(Cost.ASK)
                        .bodyMax(ASK_BYTES_MAX),
                Route.get("/connections/pending", USER, this::pending),
                Route.post("/connections/respond", USER, this::respond).bodyMax(4_096),
                Route.delete("/connections/{username}", USER, this::remove),
                Route.get("/connections/blocks", USER, this::blocks),
                Route.put("/connections/blocks/{username}", USER, this::block),
                Route.delete("/connections/blocks/{username}", USER, this::unblock));
    }

    record Ask(String toUser, @Nullable String intro) {
        Ask {
            if (intro != null && intro.length() > Limits.INTRO_CHARS_MAX) {
                throw Reason.MALFORMED.refuse("The intro is over 2,048 characters.");
            }
            // It is stored as UTF-8: half a surrogate pair would come out as something else.
            if (intro != null && !StandardCharsets.UTF_8.newEncoder().canEncode(intro)) {
                throw Reason.MALFORMED.refuse("The intro is not valid Unicode.");
            }
        }
    }

    record Requested(String requestId, String fromUser, String toUser, String status, String expiresAt) {}

    record Response(String requestId, String action) {}

    record Responded(String requestId, String fromUser, String toUser, String status) {}

    record Waiting(List<Incoming> incoming, List<Outgoing> outgoing) {
        record Incoming(String requestId, String fromUser, @Nullable String intro, String expiresAt) {}

        record Outgoing(String requestId, String toUser, String expiresAt) {}
    }

    record Listed(List<Peer> connections) {
        record Peer(String username, @Nullable String fingerprint, boolean online) {}
    }

    record Blocked(List<String> blocked) {}

    private Reply list(Call call) {
        return Reply.ok(new Listed(connections.peersOf(call.user()).stream()
                .flatMap(peer -> directory.byId(peer).stream())
                .sorted(Comparator.comparing(peer -> peer.name().bare()))
                .map(peer -> new Listed.Peer(peer.name().at(), peer.fingerprint(), isSeenOnline(peer)))
                .toList()));
    }

    private boolean isSeenOnline(User peer) {
        return peer.presenceVisible() && online.isOnline(peer.id());
    }

    private Reply ask(Call call) {
        Ask ask = call.body(Ask.class);
        Username to = Username.parse(ask.toUser());
        Asked asked = connections.ask(call.user(), to, ask.intro());
        // The caller asked, even where a request of the other side was the older one.
        return Reply.created(new Requested(
                asked.request().id().text(),
                name(call.user()),
                to.at(),
                asked.outcome().status(),
                asked.request().expiresAt().toString()));
    }

    private Reply pending(Call call) {
        Pending pending = connections.pending(call.user());
        return Reply.ok(new Waiting(
                pending.incoming().stream()
                        .flatMap(request -> incoming(request).stream())
                        .toList(),
                pending.outgoing().stream()
                        .flatMap(request -> outgoing(request).stream())
                        .toList()));
    }

    /** Empty when the asker's account was deleted while we read. */
    private Optional<Waiting.Incoming> incoming(Request request) {
        return directory
                .name(request.asker())
                .map(asker -> new Waiting.Incoming(
                        request.id().text(),
                        asker.at(),
                        request.intro(),
                        request.expiresAt().toString()));
    }

    private Optional<Waiting.Outgoing> outgoing(Request request) {
        return directory
                .name(request.addressee())
                .map(addressee -> new Waiting.Outgoing(
                        request.id().text(), addressee.at(), request.expiresAt().toString()));
    }

    private Reply respond(Call call) {
        Response response = call.body(Response.class);
        Answer answer = Answer.parse(response.action());
        Asked answered = connections.respond(call.user(), Id.parse(response.requestId()), answer);
        return Reply.ok(new Responded(
                response.requestId(),
                name(answered.request().asker()),
                name(call.user()),
                answered.outcome().status()));
    }

    private Reply remove(Call call) {
        connections.remove(call.user(), call.username("username"));
        return Reply.noContent();
    }

    private Reply blocks(Call call) {
        return Reply.ok(new Blocked(
                connections.blockedBy(call.user()).stream().map(Username::at).toList()));
    }

    private Reply block(Call call) {
        connections.block(call.user(), call.username("username"));
        return Reply.noContent();
    }

    private Reply unblock(Call call) {
        connections.unblock(call.user(), call.username("username"));
        return Reply.noContent();
    }

    private String name(Id user) {
        return directory.name(user).orElseThrow(Reason.NOT_FOUND::refuse).at();
    }
}
