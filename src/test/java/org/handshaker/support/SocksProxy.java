// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A SOCKS5 proxy (RFC 1928, RFC 1929) that writes down what it is asked and, instead of reaching what was asked for,
 * forwards to one loopback port: whoever gets through it has not looked the name up. With no port to forward to it refuses
 * every connect.
 */
public final class SocksProxy implements AutoCloseable {
    private static final int USERNAME_PASSWORD = 2;
    private static final int NONE_ACCEPTABLE = 0xFF;
    private static final int RESOLVE = 0xF0;
    private static final int COMMAND_NOT_SUPPORTED = 7;

    /**
     * One request.
     *
     * @param command 1: CONNECT, 0xF0: tor's RESOLVE
     * @param methods the ways to sign in that were offered
     * @param addressType 1: IPv4, 3: a name, 4: IPv6
     */
    public record Asked(
            int command,
            List<Integer> methods,
            String username,
            String password,
            int addressType,
            String host,
            int port) {}

    private final ServerSocket listener;
    private final int forwardTo;
    private final int refusal;
    private final boolean saysCircuit;
    private final List<Asked> asked = new CopyOnWriteArrayList<>();
    private final List<String> resolved = new CopyOnWriteArrayList<>();
    /** What every name stands for, by tor's RESOLVE; null for a proxy that does not know the command. */
    private volatile @Nullable InetAddress everyName;

    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    private SocksProxy(int forwardTo, int refusal, boolean saysCircuit) {
        this.forwardTo = forwardTo;
        this.refusal = refusal;
        this.saysCircuit = saysCircuit;
        try {
            this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException noPort) {
            throw new UncheckedIOException(noPort);
        }
        background(this::accept);
    }

    public static SocksProxy forwardingTo(int loopbackPort) {
        return new SocksProxy(loopbackPort, 0, false);
    }

    /** Also says, before each connection's first byte, which circuit it came by, as tor does for an onion service. */
    public static SocksProxy forwardingAsTor(int loopbackPort) {
        return new SocksProxy(loopbackPort, 0, true);
    }

    /** Refuses with a reply code of RFC 1928, section 6; 4 is "host unreachable", tor's word for an onion that is not there. */
    public static SocksProxy refusingWith(int reply) {
        return new SocksProxy(0, reply, false);
    }

    /** Resolves every name to this address, as tor does on the command RESOLVE. */
    public SocksProxy resolvingTo(String address) {
        try {
            everyName = InetAddress.getByName(address);
            return this;
        } catch (java.net.UnknownHostException notAnAddress) {
            throw new IllegalArgumentException(notAnAddress);
        }
    }

    /** The names it was asked to resolve. */
    public List<String> resolved() {
        return List.copyOf(resolved);
    }

    /** {@code 127.0.0.1:PORT}. */
    public String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    public List<Asked> asked() {
        return List.copyOf(asked);
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                open.add(client);
                background(() -> serve(client));
            }
        } catch (IOException closed) {
            // close() ends the wait.
        }
    }

    private void serve(Socket client) {
        try (client) {
            DataInputStream in = new DataInputStream(client.getInputStream());
            OutputStream out = client.getOutputStream();
            @Nullable Asked request = handshake(in, out);
            if (request == null) {
                return;
            }
            if (request.command() == RESOLVE) {
                answer(request.host(), out);
                return;
            }
            asked.add(request);
            out.write(new byte[] {5, (byte) refusal, 0, 1, 0, 0, 0, 0, 0, 0});
            if (refusal != 0) {
                return;
            }
            try (Socket relay = new Socket()) {
                open.add(relay);
                relay.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), forwardTo));
                relay.setTcpNoDelay(true);
                client.setTcpNoDelay(true);
                if (saysCircuit) {
                    String circuit = "PROXY TCP6 fc00:dead:beef:4dad::0:" + asked.size() + " ::1 65535 80\r\n";
                    relay.getOutputStream().write(circuit.getBytes(StandardCharsets.US_ASCII));
                }
                InputStream back = relay.getInputStream();
                background(() -> pump(back, out, client));
                pump(in, relay.getOutputStream(), relay);
            }
        } catch (IOException broken) {
            // A connection that broke is the client's to notice.
        } finally {
            open.remove(client);
        }
    }

    private void answer(String name, OutputStream out) throws IOException {
        @Nullable InetAddress address = everyName;
        resolved.add(name);
        if (address == null) {
            out.write(new byte[] {5, COMMAND_NOT_SUPPORTED, 0, 1, 0, 0, 0, 0, 0, 0});
            return;
        }
        byte[] bytes = address.getAddress();
        out.write(new byte[] {5, 0, 0, (byte) (bytes.length == 4 ? 1 : 4)});
        out.write(bytes);
        out.write(new byte[2]);
    }

    private static @Nullable Asked handshake(DataInputStream in, OutputStream out) throws IOException {
        in.readByte();
        byte[] offered = in.readNBytes(in.readUnsignedByte());
        List<Integer> methods =
                Arrays.stream(boxed(offered)).map(Byte::toUnsignedInt).toList();
        if (!methods.contains(USERNAME_PASSWORD)) {
            out.write(new byte[] {5, (byte) NONE_ACCEPTABLE});
            return null;
        }
        out.write(new byte[] {5, USERNAME_PASSWORD});
        in.readByte();
        String username = text(in);
        String password = text(in);
        out.write(new byte[] {1, 0});
        in.readByte();
        int command = in.readUnsignedByte();
        in.readByte();
        int addressType = in.readUnsignedByte();
        String host = addressType == 3
                ? text(in)
                : InetAddress.getByAddress(in.readNBytes(addressType == 1 ? 4 : 16))
                        .getHostAddress();
        return new Asked(command, methods, username, password, addressType, host, in.readUnsignedShort());
    }

    private static String text(DataInputStream in) throws IOException {
        return new String(in.readNBytes(in.readUnsignedByte()), StandardCharsets.UTF_8);
    }

    private static Byte[] boxed(byte[] bytes) {
        Byte[] boxed = new Byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            boxed[i] = bytes[i];
        }
        return boxed;
    }

    private static void pump(InputStream from, OutputStream to, Socket toEnd) {
        try {
            byte[] buffer = new byte[8_192];
            for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                to.write(buffer, 0, count);
                to.flush();
            }
            toEnd.shutdownOutput();
        } catch (IOException broken) {
            // The other direction notices too.
        }
    }

    private static void background(Runnable task) {
        Thread thread = new Thread(task, "socks-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
