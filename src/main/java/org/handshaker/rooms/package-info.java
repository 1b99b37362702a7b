// SPDX-License-Identifier: MIT
/**
 * Rooms, in which up to ten clients pass signals to each other: in memory only. A room is known by an id that nobody guesses,
 * or is public and found by its topic. It is made, stands empty for a few minutes at most, is joined, and is gone with its
 * last member; the same id never opens it again by itself. Members know each other by random ids that hold in this room
 * alone. What may never happen: a trace on the disk, a list of rooms that are not public, an answer that tells a stranger
 * whether a room is there, a member who waits for a slower one.
 */
@NullMarked
package org.handshaker.rooms;

import org.jspecify.annotations.NullMarked;
