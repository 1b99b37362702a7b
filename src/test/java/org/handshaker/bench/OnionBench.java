// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.handshaker.support.OnionHttp;
import org.handshaker.support.TorNetwork;

/**
 * What the relay adds to the way through an onion, and how many sockets it holds there: a private Tor network on loopback, with
 * quick acknowledgements, so that what is measured is the work of tor and relay and not the distances of the real network,
 * which are 300 to 1,000 ms. Everything is compared with a bare server behind the same onion, on the same circuits, in turn.
 */
public final class OnionBench {
    private static final int PEOPLE = 126;
    private static final int PAIRS_MEASURED = 4;
    private static final int POLLS_BEFORE = 12_000;
    private static final int TALKS_BEFORE = 4_000;
    private static final int WARMING = 100;
    private static final int POLLS = 800;
    private static final int TALKS = 500;
    private static final int SOCKETS = 1_000;
    private static final int SOCKETS_EACH = 8;
    private static final int CIRCUITS = 50;
    private static final int PASSINGS = 400;
    private static final int PATIENCE_SECONDS = 60;

    private final Report report;
    private final People people;
    private final TorNetwork network;
    private final Guarded relay;
    private final String onion;

    private OnionBench(Report report, People people, TorNetwork network, Guarded relay, String onion) {
        this.report = report;
        this.people = people;
        this.network = network;
        this.relay = relay;
        this.onion = onion;
    }

    /** Runs in a namespace of its own, which takes a process of its own. */
    static void sealed(Report report, Path directory, int holdSeconds) throws Exception {
        List<String> command = List.of(
                "unshare",
                "-rn",
                "sh",
                "-c",
                "ip link set lo up; for to in 127.0.0.0/8 127.0.0.1; do ip route replace local $to dev lo table local proto kernel"
                        + " scope host src 127.0.0.1 quickack 1; done; exec \"$@\"",
                "sealed",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xss256k",
                "-cp",
                System.getProperty("java.class.path"),
                OnionBench.class.getName(),
                directory.toString(),
                Integer.toString(holdSeconds));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            process.inputReader().lines().forEach(report::say);
            if (process.waitFor() != 0) {
                throw new IllegalStateException("the run behind the onion failed");
            }
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    public static void main(String[] arguments) throws Exception {
        Report report = new Report(System.out::println);
        Path data = Path.of(arguments[0]).resolve("behind-an-onion");
        String cheap = "--argon2=m=1024,t=1,p=1";
        People people;
        try (Guarded open = new Guarded(data, "--tor=none", "--limits=off", "--puzzle=off", cheap)) {
            people = People.register(open.address(), PEOPLE);
        }
        try (Guarded relay = new Guarded(data, "--tor=torrc", cheap);
                Echo echo = Echo.calls();
                Echo pipe = Echo.pipe();
                TorNetwork network = TorNetwork.start()) {
            String onion = network.publish(
                    "measured",
                    List.of(
                            "HiddenServicePort 80 " + relay.target(),
                            "HiddenServicePort 81 127.0.0.1:" + echo.port(),
                            "HiddenServicePort 82 127.0.0.1:" + pipe.port(),
                            "HiddenServiceExportCircuitID haproxy"));
            OnionBench bench = new OnionBench(report, people, network, relay, onion);
            report.head("Behind an onion");
            report.say(
                    "A private Tor network on loopback with quick acknowledgements: the work of tor and relay, without the real"
                            + " network's 300 to 1,000 ms. Beside it a bare server behind the same onion, on the same circuit, in turn,"
                            + " with as many bytes each way.");
            report.say("");
            report.tableOfBounds();
            bench.warm();
            bench.polls(echo);
            bench.talks(pipe);
            bench.hammer();
            bench.hold(Integer.parseInt(arguments[1]));
        }
    }

    /** Until the compilers have seen what is measured: past tor, which needs no warming. */
    private void warm() throws Exception {
        try (Caller caller = Caller.onCircuit(relay.address(), 1)) {
            for (int i = 0; i < POLLS_BEFORE; i++) {
                caller.call(
                        "GET",
                        "/signaling/poll",
                        people.token(2 * PAIRS_MEASURED + i % (PEOPLE - 2 * PAIRS_MEASURED)),
                        "");
                caller.call("GET", "/health", null, "");
            }
        }
        try (Line sender = new Line(direct(2), people.token(0));
                Line receiver = new Line(direct(3), people.token(1))) {
            receiver.acknowledgeAll();
            for (int i = 0; i < TALKS_BEFORE; i++) {
                talk(sender, 10_000 + i);
                // As fast as one may for long.
                LockSupport.parkNanos(4_000_000);
            }
        }
    }

    private Socket direct(int circuit) throws IOException {
        Socket socket = new Socket(relay.address().getAddress(), relay.address().getPort());
        socket.setTcpNoDelay(true);
        socket.getOutputStream().write(Caller.preface(circuit).getBytes(UTF_8));
        return socket;
    }

    private Socket open(String isolation, int port) throws IOException {
        Socket socket = OnionHttp.open(network.socksPort(), isolation, onion, port);
        socket.setTcpNoDelay(true);
        return socket;
    }

    /** A poll of somebody who is signed in, and as many bytes to and from a server that does nothing. */
    private void polls(Echo echo) throws IOException {
        Samples ours = new Samples();
        Samples bare = new Samples();
        try (Socket call = open("polls", 80);
                Socket beside = open("polls", 81)) {
            InputStream in = new BufferedInputStream(call.getInputStream());
            DataInputStream besideIn = new DataInputStream(beside.getInputStream());
            for (int i = 0; i < WARMING + POLLS; i++) {
                byte[] request = Caller.request("GET", "/signaling/poll", people.token(i % (2 * PAIRS_MEASURED)), "");
                long start = System.nanoTime();
                call.getOutputStream().write(request);
                int bytes = Http.readOk(in);
                long between = System.nanoTime();
                // The bare server is told first how much to send.
                beside.getOutputStream().write(Echo.asking(request.length, bytes));
                besideIn.readNBytes(bytes);
                long end = System.nanoTime();
                if (i >= WARMING) {
                    ours.add(between - start);
                    bare.add(end - between);
                }
                LockSupport.parkNanos(2_000_000);
            }
        }
        added("signed-in poll, " + echo.lastBytes() + " bytes back", ours, bare, 1);
    }

    private void added(String what, Samples ours, Samples bare, int hops) {
        report.bound(
                String.format(
                        Locale.ROOT,
                        "%s: median %.2f ms, p99 %.2f ms, a bare server %.2f ms, %.2f ms (%d each, in turn); what the relay adds to the median, for each"
                                + " of its %d hops",
                        what,
                        ours.millis(0.5),
                        ours.millis(0.99),
                        bare.millis(0.5),
                        bare.millis(0.99),
                        ours.count(),
                        hops),
                String.format(Locale.ROOT, "%.2f ms", (ours.millis(0.5) - bare.millis(0.5)) / hops),
                "0.5 ms");
    }

    /** Send, event, ack, receipt between two who are there; and as many bytes through a server that only passes them on. */
    private void talks(Echo pipe) throws Exception {
        Samples ours = new Samples();
        Samples bare = new Samples();
        try (Line sender = new Line(open("sender", 80), people.token(0));
                Line receiver = new Line(open("receiver", 80), people.token(1));
                Socket left = open("sender", 82);
                Socket right = open("receiver", 82)) {
            receiver.acknowledgeAll();
            int[] bytes = new int[4];
            for (int i = 0; i < WARMING; i++) {
                talk(sender, i);
            }
            String frame = talk(sender, WARMING);
            bytes[0] = frame.length();
            bytes[1] = receiver.lastEventBytes;
            bytes[2] = receiver.lastAckBytes;
            bytes[3] = sender.lastBytes;
            pipe.pass(bytes);
            Thread answering = new Thread(() -> Echo.answer(right, bytes[1], bytes[2]), "answering");
            answering.setDaemon(true);
            answering.start();
            // Both ends must have arrived before the first byte is passed on.
            pipe.awaitBoth();
            DataInputStream leftIn = new DataInputStream(left.getInputStream());
            for (int i = 0; i < WARMING + TALKS; i++) {
                long start = System.nanoTime();
                talk(sender, 1_000 + i);
                long between = System.nanoTime();
                left.getOutputStream().write(new byte[bytes[0]]);
                leftIn.readNBytes(bytes[3]);
                long end = System.nanoTime();
                if (i >= WARMING) {
                    ours.add(between - start);
                    bare.add(end - between);
                }
                LockSupport.parkNanos(5_000_000);
            }
        }
        added("socket: send, event, ack, receipt", ours, bare, 2);
    }

    private String talk(Line sender, int id) throws Exception {
        String frame = "{\"type\":\"send\",\"id\":\"" + id + "\",\"to_user\":\"@" + people.name(1)
                + "\",\"kind\":\"offer\",\"payload\":\"" + "x".repeat(256) + "\"}";
        sender.send(frame);
        String receipt = sender.await("receipt");
        if (!receipt.contains("\"status\":\"delivered\"")) {
            throw new IllegalStateException("not delivered: " + receipt);
        }
        return frame;
    }

    /** One circuit does not heed its refusals, and another one goes on. */
    private void hammer() throws Exception {
        Samples before = passBy();
        AtomicInteger refusals = new AtomicInteger();
        CountDownLatch over = new CountDownLatch(1);
        Thread hammer = new Thread(() -> hammerUntil(over, refusals), "hammer");
        hammer.start();
        Samples during = passBy();
        over.countDown();
        hammer.join();
        report.bound(
                String.format(
                        Locale.ROOT,
                        "one circuit is refused %d times meanwhile: p99 of another one's calls, of what it was before (%.2f ms, now %.2f ms; %d calls each)",
                        refusals.get(),
                        before.millis(0.99),
                        during.millis(0.99),
                        PASSINGS),
                String.format(Locale.ROOT, "%.2f", during.millis(0.99) / before.millis(0.99)),
                "1.5");
    }

    private Samples passBy() throws IOException {
        Samples samples = new Samples();
        try (Socket socket = open("passer-by", 80)) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            for (int i = 0; i < WARMING + PASSINGS; i++) {
                long start = System.nanoTime();
                socket.getOutputStream().write(Caller.request("GET", "/health", null, ""));
                Http.readOk(in);
                if (i >= WARMING) {
                    samples.add(System.nanoTime() - start);
                }
                LockSupport.parkNanos(10_000_000);
            }
        }
        return samples;
    }

    private void hammerUntil(CountDownLatch over, AtomicInteger refusals) {
        byte[] guess = Caller.request(
                "POST", "/auth/login", null, "{\"username\":\"@nobody_here\",\"password\":\"wrong password\"}");
        while (over.getCount() > 0) {
            try (Socket socket = open("hammer", 80)) {
                InputStream in = new BufferedInputStream(socket.getInputStream());
                while (over.getCount() > 0) {
                    socket.getOutputStream().write(guess);
                    refusals.addAndGet(Http.read(in).status() == 429 ? 1 : 0);
                }
            } catch (IOException cutOff) {
                // Comes back at once.
            }
        }
    }

    /** Sockets on many circuits, for ten minutes, with nothing to say. */
    private void hold(int seconds) throws Exception {
        List<Line> lines = new ArrayList<>();
        long opening = System.nanoTime();
        try {
            for (int i = 0; i < SOCKETS; i++) {
                lines.add(new Line(open("held" + i % CIRCUITS, 80), people.token(1 + i / SOCKETS_EACH)));
            }
            long opened = (System.nanoTime() - opening) / 1_000_000_000;
            int known = relay.operator().status().path("sockets").asInt();
            long memory = relay.residentMib();
            new CountDownLatch(1).await(seconds, TimeUnit.SECONDS);
            int alive = 0;
            for (Line line : lines) {
                alive += line.isAlive() ? 1 : 0;
            }
            report.bound(
                    String.format(
                            Locale.ROOT,
                            "%,d sockets on %d circuits (opened in %d s, %d of them known to the relay, %d MiB resident; then %d MiB), held for %d s without"
                                    + " a word: still answering",
                            SOCKETS,
                            CIRCUITS,
                            opened,
                            known,
                            memory,
                            relay.residentMib(),
                            seconds),
                    String.valueOf(alive),
                    String.valueOf(SOCKETS));
        } finally {
            for (Line line : lines) {
                line.close();
            }
        }
    }

    /** A WebSocket in bytes, so that nothing of a client's is measured with it. */
    private static final class Line implements AutoCloseable {
        private final Socket socket;
        private final DataInputStream in;
        private final BlockingQueue<String> frames = new LinkedBlockingQueue<>();
        private volatile boolean isAcknowledging;
        volatile int lastEventBytes;
        volatile int lastAckBytes;
        volatile int lastBytes;

        Line(Socket socket, String token) throws Exception {
            this.socket = socket;
            this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
            socket.getOutputStream()
                    .write(("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer "
                                    + token + "\r\n\r\n")
                            .getBytes(UTF_8));
            int status = Http.head(in).status();
            if (status != 101) {
                throw new IOException("no socket: " + status);
            }
            Thread reader = new Thread(this::read, "line");
            reader.setDaemon(true);
            reader.start();
            await("ready");
        }

        void acknowledgeAll() {
            isAcknowledging = true;
        }

        private void read() {
            try {
                while (true) {
                    int opcode = in.readUnsignedByte() & 15;
                    int length = in.readUnsignedByte();
                    length = length == 126 ? in.readUnsignedShort() : length == 127 ? (int) in.readLong() : length;
                    byte[] payload = in.readNBytes(length);
                    if (opcode == 9) {
                        write(10, payload);
                    } else if (opcode == 1) {
                        heard(new String(payload, UTF_8), length + 4);
                    } else if (opcode == 8) {
                        frames.add("closed");
                        return;
                    }
                }
            } catch (IOException cutOff) {
                frames.add("closed");
            }
        }

        private void heard(String frame, int bytes) throws IOException {
            if (isAcknowledging && frame.startsWith("{\"type\":\"event\"")) {
                lastEventBytes = bytes;
                String ack = "{\"type\":\"ack\",\"up_to\":" + frame.replaceFirst("(?s).*\"seq\":(\\d+).*", "$1") + "}";
                lastAckBytes = ack.length() + 6;
                send(ack);
            } else {
                lastBytes = bytes;
                frames.add(frame);
            }
        }

        void send(String frame) throws IOException {
            write(1, frame.getBytes(UTF_8));
        }

        private synchronized void write(int opcode, byte[] payload) throws IOException {
            int extra = payload.length < 126 ? 2 : 4;
            byte[] frame = new byte[extra + 4 + payload.length];
            frame[0] = (byte) (0x80 | opcode);
            frame[1] = (byte) (0x80 | (extra == 2 ? payload.length : 126));
            if (extra == 4) {
                frame[2] = (byte) (payload.length >> 8);
                frame[3] = (byte) payload.length;
            }
            // Masked with zeroes, which leaves it as it is.
            System.arraycopy(payload, 0, frame, extra + 4, payload.length);
            socket.getOutputStream().write(frame);
        }

        String await(String type) throws Exception {
            while (true) {
                String frame = frames.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
                if (frame == null || frame.equals("closed")) {
                    throw new IOException("no " + type + " came: " + frame);
                }
                if (frame.startsWith("{\"type\":\"" + type + "\"")) {
                    return frame;
                }
            }
        }

        boolean isAlive() {
            try {
                send("{\"type\":\"ping\"}");
                await("pong");
                return true;
            } catch (Exception dropped) {
                return false;
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
