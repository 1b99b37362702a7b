// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.util.Locale;

/** What the simulation checks after every step, in the words in which {@code docs/design.md} promises it. */
enum Invariant {
    ACCEPTED(
            "an event with a receipt is shown to its owner until it is acked, runs out, is replaced by a newer one of the"
                    + " relay's own, or one of the two is gone or parted from the other; acked means that the ack was answered"),
    PRIVATE("an event is pushed, paged and polled to its owner and to nobody else, and no other user's ack removes it"),
    ORDER(
            "what a page or a device shows rises in seq and is in the order in which it was taken in, and nothing is shown"
                    + " while an earlier event is hidden"),
    SEQ(
            "a number belongs to one event for the life of the store, and an event taken in later has a higher one, whatever was"
                    + " restarted, killed, refused or undone in between"),
    RETRY(
            "an id of one sender to one recipient has one event_id for ever, also when the first was acked or the relay killed,"
                    + " and is one event with its first content while that is pending"),
    RECEIPT(
            "delivered is said only after the owner's ack and only to a sender who may see the owner; stored is said only of"
                    + " what a killed relay's files hold; a refused event is not pending"),
    QUOTA(
            "an event is refused as queue_full if and only if its queue or its sender's half of it has no room, in events or in"
                    + " bytes; the relay's own never are"),
    MEMORY(
            "bodies in memory are at most those of events whose sender waits for a receipt or that a commit has in hand, and none"
                    + " when nobody waits"),
    DELIVERY(
            "no poll sleeps while there is something for it; a device has at most 256 unacked events, and misses only what is past its window"),
    COUNT("the numbers of pending, removed and expired events are exact; only a kill may forget some of the expired"),
    FULL(
            "a full disk refuses what needs room with storage_full and nothing else with anything; pages, polls, acks and deletes go"
                    + " on, and sends as soon as there is room");

    final String sentence;

    Invariant(String sentence) {
        this.sentence = sentence;
    }

    /** As a line of the design. */
    String line() {
        return "**" + name().toLowerCase(Locale.ROOT) + "**: " + sentence + ".";
    }

    void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(name().toLowerCase(Locale.ROOT) + " is broken: " + otherwise);
        }
    }
}
