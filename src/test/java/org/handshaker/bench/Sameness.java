// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.handshaker.support.Gpg;

/**
 * Whether the relay's answers tell if a name exists: the same call for names that do and names that do not, in turn and in random
 * order over one connection, compared by status, headers, size and time. Medians should differ by less than 5 %, and a rank
 * test (Mann and Whitney's) should not separate them.
 */
final class Sameness {
    private static final int EACH = 1_500;
    /** Of a challenge, which is a letter or two shorter where a number in it begins with zeros. */
    private static final int LENGTH_STEP = 32;

    private static final int WARM_UP = 200;
    private static final int NAMES = 60;
    /** With the relay's cheapest hash, so that what is beside the hash shows. */
    private static final String PASSWORD = "correct horse battery";

    private final InetSocketAddress address;
    private final Report report;
    private final Random random = new Random(1);

    Sameness(InetSocketAddress address, Report report) {
        this.address = address;
        this.report = report;
    }

    /** What an answer looks like from outside, without what it says. */
    private record Answer(String look, String body, long nanos) {}

    void measure() throws IOException {
        String token = populate();
        report.head("Does a name exist?");
        report.say("| call | answers | looks | median, exists | median, does not | apart | rank test p |");
        report.say("|---|---:|---:|---:|---:|---:|---:|");
        compare(
                "login, wrong password",
                i -> post("/auth/login", "", "\"username\":\"" + who(i) + "\",\"password\":\"not the password\""));
        compare("forgot-password", i -> post("/auth/forgot-password", "", "\"username\":\"" + who(i) + "\""));
        compare("key-challenge", i -> post("/auth/key-challenge", "", "\"username\":\"" + who(i) + "\""));
        compare(
                "reset-password, wrong code",
                i -> post(
                        "/auth/reset-password",
                        "",
                        "\"username\":\"" + who(i)
                                + "\",\"new_password\":\"another password\",\"reset_id\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"otp\":\"AAAAAAAAAAAAAAAAAAAAAA\""));
        compare(
                "send to a stranger",
                i -> post("/events", token, "\"to_user\":\"@" + who(i) + "\",\"kind\":\"message\",\"payload\":\"x\""));
        compare(
                "signal to a stranger",
                i -> post(
                        "/signaling/send",
                        token,
                        "\"to_user\":\"@" + who(i) + "\",\"type\":\"offer\",\"encrypted_payload\":\"x\""));
    }

    /** Half of those who exist have a key. */
    private String populate() throws IOException {
        try (Gpg gpg = Gpg.open();
                Socket socket = connect()) {
            String armor = gpg.export(gpg.key("key", "ed25519", "cv25519")).replace("\n", "\\n");
            for (int i = 0; i < NAMES; i++) {
                String key = i % 2 == 0 ? ",\"pgp_public_key\":\"" + armor + "\"" : "";
                register(socket, "known_" + name(i), key);
            }
            String answer = register(socket, "sameness", "");
            return answer.replaceFirst("(?s).*\"access_token\":\"([^\"]+)\".*", "$1");
        }
    }

    private String register(Socket socket, String name, String key) throws IOException {
        String fields = "\"username\":\"" + name + "\",\"password\":\"" + PASSWORD + "\"" + key;
        Answer made = ask(socket, post("/auth/register", "", fields));
        if (!made.look.startsWith("HTTP/1.1 201")) {
            throw new IllegalStateException(made.body);
        }
        return made.body;
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.setTcpNoDelay(true);
        return socket;
    }

    private static String name(int i) {
        return String.format(Locale.ROOT, "%03d", i % NAMES);
    }

    /** Even numbers exist; both kinds have names of one length. */
    private static String who(int i) {
        return (i % 2 == 0 ? "known_" : "nobod_") + name(i / 2);
    }

    private byte[] post(String target, String token, String fields) {
        String body = "{" + fields + "}";
        String bearer = token.isEmpty() ? "" : "Authorization: Bearer " + token + "\r\n";
        return ("POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + address.getPort() + "\r\n" + bearer
                        + "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Among answers of one look and one length: what kind of key somebody has may show, it shows in the length of a challenge,
     * and those who do not exist have all kinds.
     */
    private void compare(String what, IntFunction<byte[]> call) throws IOException {
        Map<String, List<List<Long>>> nanos = new TreeMap<>();
        try (Socket socket = connect()) {
            for (int i = 0; i < WARM_UP; i++) {
                ask(socket, call.apply(i));
            }
            for (int i = 0; i < 2 * EACH; i++) {
                int kind = random.nextInt(2);
                Answer answer = ask(socket, call.apply(2 * random.nextInt(NAMES) + kind));
                nanos.computeIfAbsent(answer.look, look -> List.of(new ArrayList<>(), new ArrayList<>()))
                        .get(kind)
                        .add(answer.nanos);
            }
        }
        nanos.forEach((look, times) -> {
            long[] known = times.get(0).stream().mapToLong(Long::longValue).toArray();
            long[] nobody = times.get(1).stream().mapToLong(Long::longValue).toArray();
            if (known.length == 0 || nobody.length == 0) {
                report.say("| " + what + " | " + known.length + " and " + nobody.length + " | ONLY ONE KIND: " + look
                        + " | | | | |");
                return;
            }
            double exists = median(known);
            double not = median(nobody);
            report.say(String.format(
                    Locale.ROOT,
                    "| %s | %d and %d | %s | %.3f ms | %.3f ms | %.1f %% | %.3f |",
                    what,
                    known.length,
                    nobody.length,
                    look.replaceFirst(
                            "(?is).*content-length: (\\d+).*; about (\\d+) letters", "$1 bytes, about $2 of them text"),
                    exists,
                    not,
                    100 * Math.abs(exists - not) / Math.max(exists, not),
                    rankTest(known, nobody)));
        });
    }

    private static Answer ask(Socket socket, byte[] request) throws IOException {
        long start = System.nanoTime();
        socket.getOutputStream().write(request);
        InputStream in = socket.getInputStream();
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int ending = 0;
        while (ending < 4) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("the relay has hung up");
            }
            head.write(next);
            ending = next == (ending % 2 == 0 ? '\r' : '\n') ? ending + 1 : next == '\r' ? 1 : 0;
        }
        String text = head.toString(StandardCharsets.ISO_8859_1);
        String lower = text.toLowerCase(Locale.ROOT);
        int at = lower.indexOf("content-length: ");
        int length = at < 0 ? 0 : Integer.parseInt(lower.substring(at + 16, lower.indexOf('\r', at)));
        String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        String look = text.replace("\r\n", "; ") + "about "
                + Math.round((double) body.strip().length() / LENGTH_STEP) * LENGTH_STEP + " letters";
        return new Answer(look, body, System.nanoTime() - start);
    }

    private static double median(long[] nanos) {
        long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2] / 1e6;
    }

    /** Two-sided p of Mann and Whitney's test, by its normal approximation. */
    private static double rankTest(long[] one, long[] other) {
        double wins = 0;
        for (long a : one) {
            for (long b : other) {
                wins += a > b ? 1 : a == b ? 0.5 : 0;
            }
        }
        double n = one.length;
        double m = other.length;
        double z = (wins - n * m / 2) / Math.sqrt(n * m * (n + m + 1) / 12);
        return Math.min(1, 2 * tail(Math.abs(z)));
    }

    /** The upper tail of the normal distribution (Abramowitz and Stegun 26.2.17, within 7.5e-8). */
    private static double tail(double z) {
        double t = 1 / (1 + 0.2316419 * z);
        double sum = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
        return Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI) * sum;
    }
}
