// SPDX-License-Identifier: MIT
/**
 * Prekeys: what a user leaves here so that others can seal something to them while they are away (X3DH, PQXDH). To the relay
 * they are text. A bundle is an identity key, a signed prekey and, as long as there are some, a one-time prekey and a one-time
 * kyber prekey; when the kyber ones are used up, the last resort stands in.
 *
 * <p>States of a one-time prekey: waiting, handed out. What may never happen: one handed out twice, whether two ask at once,
 * the relay is killed, or an upload is repeated; one shown before the disk knows that it is spent; an identity key replaced
 * overnight and unseen: one that the key before did not sign waits three days, and everybody concerned is told. Whoever
 * fetches a lot can spend the one-time prekeys of somebody, but never make them unreachable.
 */
@NullMarked
package org.handshaker.prekeys;

import org.jspecify.annotations.NullMarked;
