// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.nio.charset.StandardCharsets;
import org.handshaker.core.Hmac;
import org.handshaker.core.Id;
import org.handshaker.core.Vault;

/** Keyed hashes by which the queue knows retries, senders and subjects again without knowing what or who they are. */
final class Tags {
    private final Vault vault;
    private final Hmac eventIds;

    Tags(Vault vault) {
        this.vault = vault;
        this.eventIds = new Hmac(vault.derive("event id"));
    }

    /** The same for every retry under the sender's own id; random where there is none. */
    Id eventId(Offer offer) {
        if (offer.clientId() == null) {
            return Id.random();
        }
        return hmac(Vault.lengthPrefixed(
                "event", offer.sender().bytes(), offer.target().bytes(), utf8(offer.clientId())));
    }

    /** The same for every retry, in every queue. */
    Id groupEventId(GroupOffer offer) {
        if (offer.clientId() == null) {
            return Id.random();
        }
        return hmac(Vault.lengthPrefixed(
                "group event", offer.sender().bytes(), utf8(offer.group()), utf8(offer.clientId())));
    }

    /** Differs from queue to queue, so that two queues do not show that they have a sender in common. */
    Id sender(Id owner, Id sender) {
        return Id.ofFirst(vault.blind("sender tag", owner.bytes(), sender.bytes()));
    }

    Id subject(Id owner, String kind, String subject) {
        return hmac(Vault.lengthPrefixed("subject", owner.bytes(), utf8(kind), utf8(subject)));
    }

    private Id hmac(byte[] message) {
        return Id.ofFirst(eventIds.of(message));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
