// SPDX-License-Identifier: MIT
package org.handshaker.groups;

import org.handshaker.core.Id;
import org.handshaker.core.Username;
import org.handshaker.queue.Queue;
import org.handshaker.web.Json;
import org.jdbi.v3.core.Handle;

/** What members' queues are told about a group, inside the change that makes it so. A queue keeps one piece of news of each group. */
final class GroupAnnouncements {
    private final Queue queue;

    GroupAnnouncements(Queue queue) {
        this.queue = queue;
    }

    private record Changed(String groupId, long epoch) {}

    private record Removed(String groupId) {}

    private record Key(String groupId, long epoch, String sealedKey) {
        @Override
        public String toString() {
            return "Key";
        }
    }

    void changed(Handle handle, Group group) {
        String payload = Json.text(new Changed(group.id(), group.epoch()));
        group.members().forEach(member -> tell(handle, member.user(), "group.changed", payload, group.id()));
    }

    /** To one who is not in it any more. */
    void removed(Handle handle, String id, Id told) {
        queue.retract(handle, told, "group.changed", id);
        tell(handle, told, "group.removed", Json.text(new Removed(id)), id);
    }

    /** No news of the relay's but a word of the sender's: it counts into what the sender may have waiting there. */
    boolean key(Handle handle, Group group, Id sender, Username from, Id recipient, String sealedKey) {
        String payload = Json.text(new Key(group.id(), group.epoch(), sealedKey));
        return queue.hand(handle, sender, from, recipient, "group.key", payload);
    }

    private void tell(Handle handle, Id told, String kind, String payload, String subject) {
        queue.announce(handle, told, kind, payload, subject);
    }
}
