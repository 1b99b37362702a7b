// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A group as one of its members sees it.
 *
 * @param epoch what is sent must be sealed for
 * @param members eldest first
 * @param sealedProfile as the members have sealed it; null when there is none
 */
public record GroupView(long epoch, List<Member> members, @Nullable String sealedProfile) {
    /** @param role {@code owner}, {@code admin} or {@code member} */
    public record Member(String username, String role) {}

    /** One of one's own groups in a list. */
    public record Row(String groupId, long epoch, String role) {
        static Row of(Answer answer) {
            return new Row(answer.text("group_id"), answer.number("epoch"), answer.text("role"));
        }
    }

    /**
     * What became of something for all members.
     *
     * @param eventId empty where keys were handed round
     * @param members whose queue holds it
     * @param membersFull whose queue had no room for it
     */
    public record HandedRound(String eventId, long epoch, int members, int membersFull) {
        static HandedRound of(Answer answer, long epoch) {
            @Nullable String eventId = answer.textIfAny("event_id");
            return new HandedRound(
                    eventId == null ? "" : eventId,
                    answer.numberOr("epoch", epoch),
                    (int) answer.number("members"),
                    (int) answer.number("members_full"));
        }
    }

    static GroupView of(Answer answer) {
        return new GroupView(
                answer.number("epoch"),
                answer.objects("members").stream()
                        .map(member -> new Member(member.text("username"), member.text("role")))
                        .toList(),
                answer.textIfAny("sealed_profile"));
    }

    /** Neither who nor what. */
    @Override
    public String toString() {
        return "GroupView";
    }
}
