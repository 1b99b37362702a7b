// SPDX-License-Identifier: MIT
/**
 * Groups: up to 256 users to whom one sends at once. What a group is about, and the keys it seals with, are its members'
 * business: here are a sealed profile, roles, and an epoch that rises with every change, so that whoever sends knows for whom
 * they have sealed.
 *
 * <p>The one who makes a group is its owner; owners make admins and further owners; owners and admins add their own
 * connections, and remove members. Anyone leaves. A group ends when it is deleted or its last member goes; it never lacks an
 * owner: the last one cannot leave others behind, and when their account ends the eldest admin, or member, takes over.
 *
 * <p>What may never happen: an event of an old epoch taken in, and so one sealed for somebody who has left; somebody added by
 * a stranger, or removed by anyone but who may; a member's full queue failing the others; a file that tells who is in a group;
 * an answer by which one who is not in a group can tell that it is there.
 */
@NullMarked
package org.handshaker.groups;

import org.jspecify.annotations.NullMarked;
