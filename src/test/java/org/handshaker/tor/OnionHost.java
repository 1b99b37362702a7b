// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** A process that does nothing but host an onion: prints its address and waits to be killed. */
final class OnionHost {
    private OnionHost() {}

    public static void main(String[] arguments) throws InterruptedException {
        Heard heard = new Heard();
        InetSocketAddress target = new InetSocketAddress(InetAddress.getLoopbackAddress(), 9);
        ManagedOnion.Settings settings =
                new ManagedOnion.Settings("tor", Path.of(arguments[0]), target, Path.of(arguments[1]));
        try (ManagedOnion onion = new ManagedOnion(settings, heard)) {
            onion.start();
            System.out.println(Heard.within(heard.address));
            new CountDownLatch(1).await();
        }
    }
}
