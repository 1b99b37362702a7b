// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;

/**
 * TLS 1.2 or 1.3 over a {@link SocksChannel}, for one thread. The certificate must be the name's: without that nothing is
 * written but the handshake.
 */
final class TlsChannel {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SocksChannel channel;
    private final SSLEngine engine;
    /** Ciphertext that came; always ready to be written to. */
    private final ByteBuffer in;

    private final ByteBuffer out;
    /** Plaintext that nobody has read; always ready to be read from. */
    private final ByteBuffer plain;

    private TlsChannel(SocksChannel channel, SSLEngine engine) {
        this.channel = channel;
        this.engine = engine;
        int packet = engine.getSession().getPacketBufferSize();
        this.in = ByteBuffer.allocate(packet);
        this.out = ByteBuffer.allocate(packet);
        this.plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize())
                .flip();
    }

    /** Shakes hands; {@link SSLException} where the certificate is not trusted or another's. */
    static TlsChannel over(SocksChannel channel, SSLContext context, String host, int port) throws IOException {
        SSLEngine engine = context.createSSLEngine(host, port);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
        // RFC 2818, section 3.1, as RFC 8314 wants it here, too.
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        engine.setSSLParameters(parameters);
        TlsChannel tls = new TlsChannel(channel, engine);
        engine.beginHandshake();
        tls.settle();
        return tls;
    }

    /** Goes on with a handshake until there is none. */
    private void settle() throws IOException {
        while (true) {
            HandshakeStatus status = engine.getHandshakeStatus();
            switch (status) {
                case NEED_WRAP -> wrap(NOTHING);
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> unwrap();
                case NEED_TASK -> engine.getDelegatedTask().run();
                default -> {
                    return;
                }
            }
        }
    }

    /** Writes all of it. */
    void write(ByteBuffer bytes) throws IOException {
        do {
            wrap(bytes);
            settle();
        } while (bytes.hasRemaining());
    }

    /** Waits for one byte at least; -1 at the end. */
    int read(ByteBuffer into) throws IOException {
        while (!plain.hasRemaining()) {
            if (engine.isInboundDone()) {
                return -1;
            }
            unwrap();
            settle();
        }
        int count = Math.min(plain.remaining(), into.remaining());
        into.put(into.position(), plain, plain.position(), count).position(into.position() + count);
        plain.position(plain.position() + count);
        return count;
    }

    private void wrap(ByteBuffer bytes) throws IOException {
        out.clear();
        SSLEngineResult result = engine.wrap(bytes, out);
        if (result.getStatus() != SSLEngineResult.Status.OK) {
            throw new SSLException("the other side has ended TLS");
        }
        channel.write(out.flip());
    }

    /** One record, read from the network where it is not here yet. */
    private void unwrap() throws IOException {
        while (true) {
            plain.compact();
            in.flip();
            SSLEngineResult result;
            try {
                result = engine.unwrap(in, plain);
            } finally {
                in.compact();
                plain.flip();
            }
            switch (result.getStatus()) {
                case OK, CLOSED -> {
                    return;
                }
                case BUFFER_UNDERFLOW -> fill();
                // Its buffers have the sizes that the engine asked for.
                default -> throw new SSLException("a record is larger than TLS allows");
            }
        }
    }

    private void fill() throws IOException {
        if (channel.read(in) < 0) {
            // Without a goodbye: what was cut off cannot be told from what has ended.
            throw new EOFException("the connection has ended in the middle of TLS");
        }
    }
}
