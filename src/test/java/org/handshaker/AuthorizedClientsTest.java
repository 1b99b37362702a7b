// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.handshaker.support.Await;
import org.handshaker.support.OnionRelay;
import org.handshaker.support.OnionStream;
import org.handshaker.support.TorNetwork;
import org.handshaker.support.TorNode;
import org.handshaker.tor.OnionClients;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Who has no key does not get in, and whose key is taken away is out at once; with real tors and a relay that runs on. */
@Tag("tor")
@ExtendWith(TorNetwork.Shared.class)
final class AuthorizedClientsTest {
    private static final int EFFECTIVE_SECONDS_MAX = 30;
    /** Seen within a second, then at most five for the new descriptor; the rest is for a slow machine. */
    private static final Duration BITES_WITHIN = Duration.ofSeconds(15);

    @TempDir
    Path directory;

    @Test
    void getInWithTheirKeysAndNobodyElseDoes(TorNetwork network) throws IOException {
        try (OnionRelay relay = OnionRelay.start(directory, network, "--self-probe=5s");
                TorNode bob = network.client("bob");
                TorNode carol = network.client("carol");
                TorNode stranger = network.client("stranger")) {
            String onion = relay.onion();
            OnionClients clients = new OnionClients(relay.data());
            assertTrue(reaches(stranger, onion), "without a client the onion is everybody's");

            OnionClients.KeyOfClient bobs = OnionClients.newKey();
            clients.add("bob", bobs.publicKey());
            give(bob, onion, bobs);
            Await.until(
                    "the first client to shut the others out", EFFECTIVE_SECONDS_MAX, () -> !reaches(stranger, onion));
            Await.until("bob to get in", EFFECTIVE_SECONDS_MAX, () -> reaches(bob, onion));

            try (OnionStream bobsStream = new OnionStream(bob.socksPort(), "kept", onion)) {
                assertEquals(200, bobsStream.call("GET", "/health", "").status());
                OnionClients.KeyOfClient carols = OnionClients.newKey();
                clients.add("carol", carols.publicKey());
                give(carol, onion, carols);
                Await.until("carol to get in", EFFECTIVE_SECONDS_MAX, () -> reaches(carol, onion));
                assertEquals(200, bobsStream.call("GET", "/health", "").status(), "adding one disturbs nobody");

                long removed = System.nanoTime();
                clients.remove("bob");
                assertTrue(bobsStream.isCutOff(), "what was open is closed");
                Duration bite = Duration.ofNanos(System.nanoTime() - removed);
                assertTrue(bite.compareTo(BITES_WITHIN) < 0, () -> "open for " + bite);
                System.out.println("a removed client's open stream lived on for " + bite.toMillis() + " ms");
                // Bob's tor still has the old descriptor and its key.
                assertThrows(IOException.class, () -> new OnionStream(bob.socksPort(), "again", onion));
                Await.until("carol to be back", EFFECTIVE_SECONDS_MAX, () -> reaches(carol, onion));
                assertTrue(!reaches(bob, onion));
                bob.command("SIGNAL NEWNYM");
                assertTrue(!reaches(bob, onion));
            }
            Await.until("a look from outside", EFFECTIVE_SECONDS_MAX, () -> relay.health()
                    .equals("ok"));

            clients.remove("carol");
            assertTrue(clients.isRestricted(), "removing the last one opens nothing");
            Await.until("carol to be out", EFFECTIVE_SECONDS_MAX, () -> !reaches(carol, onion));
            clients.openToAll();
            Await.until("the stranger to get in", EFFECTIVE_SECONDS_MAX, () -> {
                renew(stranger);
                return reaches(stranger, onion);
            });
        }
    }

    /** By the control port, as an application gives it. */
    private static void give(TorNode client, String onion, OnionClients.KeyOfClient key) throws IOException {
        client.command("ONION_CLIENT_AUTH_ADD " + onion.replace(".onion", "") + " x25519:" + key.privateKeyBase64());
    }

    private static void renew(TorNode client) {
        try {
            client.command("SIGNAL NEWNYM");
        } catch (IOException gone) {
            throw new java.io.UncheckedIOException(gone);
        }
    }

    /** On a new circuit. */
    private static boolean reaches(TorNode client, String onion) {
        String isolation = java.util.UUID.randomUUID().toString();
        try (OnionStream stream = new OnionStream(client.socksPort(), isolation, onion)) {
            return stream.call("GET", "/health", "").status() == 200;
        } catch (IOException refused) {
            return false;
        }
    }
}
