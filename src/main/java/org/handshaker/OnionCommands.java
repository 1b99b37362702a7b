// SPDX-License-Identifier: MIT
package org.handshaker;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.handshaker.core.Config;
import org.handshaker.core.Unusable;
import org.handshaker.tor.OnionClients;
import org.handshaker.tor.OnionKey;
import org.jspecify.annotations.Nullable;

/**
 * What an operator does to the onion's files: its key, and who is let in. A relay that runs heeds the clients within a second
 * or two. Standard output has what is asked for, and nothing else; what is said about it goes to the other stream.
 */
final class OnionCommands {
    private final OnionKey key;
    private final OnionClients clients;
    private final Consumer<String> out;
    private final Consumer<String> tell;

    OnionCommands(Config config, Consumer<String> out, Consumer<String> tell) {
        if (config.tor() == Config.Tor.TORRC || config.tor() == Config.Tor.NONE) {
            throw new Unusable("With --tor torrc and none the onion's files are not the relay's:"
                    + " they lie in the HiddenServiceDir of your torrc.");
        }
        this.key = new OnionKey(config.data());
        this.clients = new OnionClients(config.data());
        this.out = out;
        this.tell = tell;
    }

    /** @param inks draws what is printed as a QR code as well, or nothing */
    void address(Consumer<String> inks) {
        String address = "http://" + requireAddress();
        out.accept(address);
        inks.accept(address);
    }

    /** Draws a text for a camera; to the stream for people, since no program reads it. */
    void draw(String text) {
        QrCode.of(text).lines().forEach(tell);
    }

    void backUp(Path file) {
        key.backUp(file);
        tell.accept("Whoever has this file can be this relay. Keep it away from this machine, and encrypted.");
    }

    void restore(Path file) {
        key.restore(file);
        tell.accept("The relay has its address again when it starts.");
    }

    void list() {
        clients.names().forEach(out);
        if (!clients.isRestricted()) {
            tell.accept("No client is named: the onion is everybody's.");
        }
    }

    /** @param publicKey the client's own; null to make a pair, of which the private one is shown once and kept nowhere */
    void add(String name, @Nullable String publicKey, Consumer<String> inks) {
        boolean wasOpen = !clients.isRestricted();
        if (publicKey == null) {
            String address = requireAddress();
            OnionClients.KeyOfClient made = OnionClients.newKey();
            clients.add(name, made.publicKey());
            out.accept(made.line(address));
            inks.accept(made.line(address));
            tell.accept(
                    "This line is for the client alone and is not shown again: a file in its tor's ClientOnionAuthDir,"
                            + " ending in .auth_private. Tor Browser asks for what comes after the last colon.");
        } else {
            clients.add(name, publicKey);
        }
        if (wasOpen) {
            tell.accept(
                    "From now on only clients with a key get in, and others do not even learn that the relay is up.");
        }
    }

    void remove(String name) {
        clients.remove(name);
        tell.accept(
                "A relay that runs closes every circuit now and makes its introduction points anew; those who are left"
                        + " come back by themselves within seconds.");
    }

    void open() {
        clients.openToAll();
        tell.accept("The onion is everybody's again.");
    }

    private String requireAddress() {
        return key.address()
                .orElseThrow(() ->
                        new Unusable("The onion's address is not known yet: start the relay once, or check --data."));
    }
}
