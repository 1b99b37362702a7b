// SPDX-License-Identifier: MIT
package org.handshaker.support;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@Tag("tor")
@ExtendWith(TorNetwork.Shared.class)
final class TorNetworkTest {
    @Test
    void carriesARequestToAnOnion(TorNetwork network) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 5);
        server.createContext("/", exchange -> {
            byte[] body = "hello from the onion".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            String onion = network.publish(
                    "plain-service", 80, "127.0.0.1:" + server.getAddress().getPort());
            String answer = OnionHttp.get(network.socksPort(), "test", onion, "/");
            assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
            assertTrue(answer.endsWith("hello from the onion"), answer);
        } finally {
            server.stop(0);
        }
    }
}
