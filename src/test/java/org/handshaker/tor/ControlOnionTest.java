// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.handshaker.support.Await;
import org.handshaker.support.OnionHttp;
import org.handshaker.support.TorNetwork;
import org.handshaker.support.TorNode;
import org.handshaker.support.UnixResponder;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@Tag("tor")
@ExtendWith(TorNetwork.Shared.class)
final class ControlOnionTest {
    /** {@code tor --hash-password} of {@code it's "quoted" \\}. */
    private static final String HASH = "16:14ED86E78C8362FE60468657FE6C7E5B3A983352C9315F01A59CC5B21D";

    @TempDir
    Path data;

    @Test
    void publishesThroughATorThatIsAlreadyThere(TorNetwork network) throws IOException {
        try (TorNode tor = network.join("operators-tor", List.of("SocksPort 0"));
                UnixResponder relay = new UnixResponder(data.resolve("relay.sock"))) {
            Await.until("the control socket", 20, () -> Files.exists(tor.controlSocket()));
            ControlOnion.Settings settings = new ControlOnion.Settings(
                    UnixDomainSocketAddress.of(tor.controlSocket()), null, null, data, relay.address());
            Heard heard = new Heard();
            String first;
            try (ControlOnion onion = new ControlOnion(settings, heard)) {
                onion.start();
                first = Heard.within(heard.address);
                Heard.within(heard.published);
                String answer = OnionHttp.get(network.socksPort(), "dave", first, "/");
                assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
                assertFalse(onion.namesCircuits());
                assertFalse(answer.contains("PROXY "), "ADD_ONION learned to name circuits: use it");
            }
            assertFalse(heard.gone.isDone(), "closing is no news");
            Path key = data.resolve("onion/hs_ed25519_secret_key");
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(key)));
            Heard again = new Heard();
            try (ControlOnion onion = new ControlOnion(settings, again)) {
                onion.start();
                assertEquals(first, Heard.within(again.address));
                tor.end();
                assertTrue(Heard.within(again.gone).contains("connection is lost"));
            }
        }
    }

    /** The operator's tor is restarted, as by an upgrade: the onion is added again, with the same key. */
    @Test
    void comesBackWithTheSameAddressWhenThatTorDoes(TorNetwork network) throws IOException {
        Path password = Files.writeString(data.resolve("password"), "it's \"quoted\" \\\n");
        // The control socket and the target live where tor would not remove them.
        TorNode first = network.join("restarted", List.of("SocksPort 127.0.0.1:auto", "HashedControlPassword " + HASH));
        Heard heard = new Heard();
        try (UnixResponder relay = new UnixResponder(data.resolve("relay.sock"));
                ControlOnion onion = new ControlOnion(
                        new ControlOnion.Settings(
                                UnixDomainSocketAddress.of(first.controlSocket()),
                                password,
                                null,
                                data,
                                relay.address()),
                        heard)) {
            Await.until("the control socket", 20, () -> Files.exists(first.controlSocket()));
            onion.start();
            String address = Heard.within(heard.address);
            Heard.within(heard.published);
            assertTrue(onion.socks().orElseThrow().startsWith("127.0.0.1:"));
            first.end();
            Heard.within(heard.gone);
            assertFalse(onion.isPublished());
            try (TorNode second = first.again()) {
                Await.until("the onion's return", 60, onion::isPublished);
                assertEquals(address, onion.address().orElseThrow());
                assertTrue(second.isAlive());
                String answer = OnionHttp.get(network.socksPort(), "after", address, "/");
                assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
            }
        }
    }

    @Test
    void saysThatThePasswordIsWrong(TorNetwork network) throws IOException {
        Path password = Files.writeString(data.resolve("password"), "guessed\n");
        try (TorNode tor = network.join("guarded", List.of("SocksPort 0", "HashedControlPassword " + HASH))) {
            Await.until("the control socket", 20, () -> Files.exists(tor.controlSocket()));
            UnixDomainSocketAddress control = UnixDomainSocketAddress.of(tor.controlSocket());
            Heard heard = new Heard();
            try (ControlOnion onion =
                    new ControlOnion(new ControlOnion.Settings(control, password, null, data, control), heard)) {
                onion.start();
                String sentence = Heard.within(heard.gone);
                assertTrue(sentence.contains("does not take the control password"), sentence);
                assertFalse(sentence.contains("guessed"));
            }
        }
    }

    @Test
    void keepsTheAddressWhenTheRelayTakesATorOfItsOwn(TorNetwork network) throws IOException {
        try (TorNode tor = network.join("given-up-tor", List.of("SocksPort 0"))) {
            Await.until("the control socket", 20, () -> Files.exists(tor.controlSocket()));
            UnixDomainSocketAddress target = UnixDomainSocketAddress.of(data.resolve("relay.sock"));
            Heard before = new Heard();
            String address;
            try (ControlOnion onion = new ControlOnion(
                    new ControlOnion.Settings(
                            UnixDomainSocketAddress.of(tor.controlSocket()), null, null, data, target),
                    before)) {
                onion.start();
                address = Heard.within(before.address);
            }
            Path extra = Files.write(data.resolve("extra"), network.testingLines());
            Heard after = new Heard();
            try (ManagedOnion onion = new ManagedOnion(new ManagedOnion.Settings("tor", data, target, extra), after)) {
                onion.start();
                assertEquals(address, Heard.within(after.address));
            }
        }
    }

    @Test
    void saysThatTheControlPortIsNotThere() {
        Heard heard = new Heard();
        UnixDomainSocketAddress nowhere = UnixDomainSocketAddress.of(data.resolve("nowhere"));
        try (ControlOnion onion =
                new ControlOnion(new ControlOnion.Settings(nowhere, null, null, data, nowhere), heard)) {
            onion.start();
            assertTrue(Heard.within(heard.gone).contains("cannot be reached"));
        }
    }
}
