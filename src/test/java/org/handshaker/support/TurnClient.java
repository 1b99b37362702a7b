// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.handshaker.core.Secrets;

/** As much of TURN over TCP (RFC 8656, RFC 8489 long-term credentials) as a test needs: allocate, permit, send, receive. */
public final class TurnClient implements AutoCloseable {
    private static final int COOKIE = 0x2112A442;
    private static final int ALLOCATE = 0x0003;
    private static final int CREATE_PERMISSION = 0x0008;
    private static final int SEND_INDICATION = 0x0016;
    private static final int DATA_INDICATION = 0x0017;
    private static final int USERNAME = 0x0006;
    private static final int MESSAGE_INTEGRITY = 0x0008;
    private static final int ERROR_CODE = 0x0009;
    private static final int XOR_PEER_ADDRESS = 0x0012;
    private static final int DATA = 0x0013;
    private static final int REALM = 0x0014;
    private static final int NONCE = 0x0015;
    private static final int XOR_RELAYED_ADDRESS = 0x0016;
    private static final int REQUESTED_TRANSPORT = 0x0019;
    private static final int UDP = 17;
    private static final int HEADER_BYTES = 20;
    private static final int INTEGRITY_BYTES = 24;

    private final Socket socket = new Socket();
    private final DataInputStream in;
    private final OutputStream out;
    private final String username;
    private final String password;
    private byte[] realm = new byte[0];
    private byte[] nonce = new byte[0];

    public TurnClient(InetSocketAddress server, String username, String password) throws IOException {
        socket.connect(server, 5_000);
        socket.setSoTimeout(5_000);
        this.in = new DataInputStream(socket.getInputStream());
        this.out = socket.getOutputStream();
        this.username = username;
        this.password = password;
    }

    /** A STUN error code such as 401, or where an allocation was made, 0 and its relayed address. */
    public record Answer(int errorCode, InetSocketAddress relayed) {}

    /** Asks without credentials first, as every client must: the refusal brings the realm and the nonce. */
    public Answer allocate() throws IOException {
        byte[] transport = {UDP, 0, 0, 0};
        Message challenge = call(ALLOCATE, Map.of(REQUESTED_TRANSPORT, transport), false);
        realm = challenge.attributes.getOrDefault(REALM, new byte[0]);
        nonce = challenge.attributes.getOrDefault(NONCE, new byte[0]);
        Message answer = call(ALLOCATE, Map.of(REQUESTED_TRANSPORT, transport), true);
        byte[] relayed = answer.attributes.get(XOR_RELAYED_ADDRESS);
        return new Answer(answer.errorCode(), relayed == null ? new InetSocketAddress(0) : unxor(relayed));
    }

    /** @return 0, or 403 where the server does not relay to this peer */
    public int permit(InetSocketAddress peer) throws IOException {
        return call(CREATE_PERMISSION, Map.of(XOR_PEER_ADDRESS, xor(peer)), true)
                .errorCode();
    }

    public void send(InetSocketAddress peer, String text) throws IOException {
        write(SEND_INDICATION, Map.of(XOR_PEER_ADDRESS, xor(peer), DATA, text.getBytes(StandardCharsets.UTF_8)), false);
    }

    public String receive() throws IOException {
        Message message = read();
        while (message.type != DATA_INDICATION) {
            message = read();
        }
        return new String(message.attributes.getOrDefault(DATA, new byte[0]), StandardCharsets.UTF_8);
    }

    private Message call(int type, Map<Integer, byte[]> attributes, boolean signed) throws IOException {
        write(type, attributes, signed);
        return read();
    }

    private void write(int type, Map<Integer, byte[]> attributes, boolean signed) throws IOException {
        ByteBuffer message = ByteBuffer.allocate(2_048);
        message.putShort((short) type).putShort((short) 0).putInt(COOKIE).put(Secrets.randomBytes(12));
        attributes.forEach((name, value) -> put(message, name, value));
        if (signed) {
            put(message, USERNAME, username.getBytes(StandardCharsets.UTF_8));
            put(message, REALM, realm);
            put(message, NONCE, nonce);
            // The length that is signed counts the signature itself, but the bytes that are signed end before it.
            message.putShort(2, (short) (message.position() - HEADER_BYTES + INTEGRITY_BYTES));
            put(message, MESSAGE_INTEGRITY, sign(Arrays.copyOf(message.array(), message.position())));
        }
        message.putShort(2, (short) (message.position() - HEADER_BYTES));
        out.write(message.array(), 0, message.position());
        out.flush();
    }

    private static void put(ByteBuffer message, int name, byte[] value) {
        message.putShort((short) name).putShort((short) value.length).put(value);
        message.put(new byte[-value.length & 3]);
    }

    private byte[] sign(byte[] bytes) {
        try {
            String account = username + ":" + new String(realm, StandardCharsets.UTF_8) + ":" + password;
            byte[] key = MessageDigest.getInstance("MD5").digest(account.getBytes(StandardCharsets.UTF_8));
            Mac mac = Mac.getInstance("HmacSHA1");
            mac.init(new SecretKeySpec(key, "HmacSHA1"));
            return mac.doFinal(bytes);
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException(missing);
        }
    }

    private Message read() throws IOException {
        int type = in.readUnsignedShort();
        ByteBuffer body = ByteBuffer.allocate(in.readUnsignedShort());
        in.readNBytes(HEADER_BYTES - 4);
        in.readFully(body.array());
        Map<Integer, byte[]> attributes = new HashMap<>();
        while (body.remaining() >= 4) {
            int name = Short.toUnsignedInt(body.getShort());
            byte[] value = new byte[Short.toUnsignedInt(body.getShort())];
            body.get(value).position(body.position() + (-value.length & 3));
            attributes.put(name, value);
        }
        return new Message(type, attributes);
    }

    private static byte[] xor(InetSocketAddress peer) {
        int address = ByteBuffer.wrap(peer.getAddress().getAddress()).getInt();
        ByteBuffer value = ByteBuffer.allocate(8).putShort((short) 1);
        return value.putShort((short) (peer.getPort() ^ (COOKIE >>> 16)))
                .putInt(address ^ COOKIE)
                .array();
    }

    private static InetSocketAddress unxor(byte[] value) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(value).position(2);
        int port = Short.toUnsignedInt(buffer.getShort()) ^ (COOKIE >>> 16);
        byte[] address = ByteBuffer.allocate(4).putInt(buffer.getInt() ^ COOKIE).array();
        return new InetSocketAddress(InetAddress.getByAddress(address), port);
    }

    private record Message(int type, Map<Integer, byte[]> attributes) {
        int errorCode() {
            byte[] value = attributes.get(ERROR_CODE);
            return value == null ? 0 : value[2] * 100 + value[3];
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
