// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.handshaker.core.Caller;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Listen;
import org.handshaker.core.Reason;
import org.handshaker.core.Standing;
import org.handshaker.core.Unusable;
import org.handshaker.support.Await;
import org.handshaker.support.KeptConnection;
import org.handshaker.support.RawHttp;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP as it comes: whole, broken, slow, several at once. */
@NullUnmarked // hands over nothing where something is expected, on purpose
class WebServerTest {
    private static final int BODY_MAX = 100;

    record Echo(String text) {}

    private WebServer server;
    private String url;
    private final CompletableFuture<Reply> later = new CompletableFuture<>();
    private final CountDownLatch gathered = new CountDownLatch(1);

    @BeforeEach
    void start() {
        server = server(Listen.parse("127.0.0.1:0"), WebServer.Front.PLAIN);
        url = server.start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private WebServer server(Listen listen, WebServer.Front front) {
        return new WebServer(
                listen,
                front,
                List.of(
                        Route.get("/page", Access.ANYONE, call -> Reply.ok(new Echo("page"))),
                        Route.get("/mine", Access.USER, call -> Reply.ok(new Echo("mine"))),
                        Route.post("/echo", Access.ANYONE, call -> Reply.ok(call.body(Echo.class)))
                                .bodyMax(BODY_MAX),
                        Route.post("/mine", Access.USER, call -> Reply.ok(call.body(Echo.class))),
                        Route.delete("/page", Access.USER, call -> Reply.noContent()),
                        Route.getLater("/later", Access.ANYONE, call -> later),
                        Route.get("/broken", Access.ANYONE, call -> {
                            throw new IllegalStateException("a secret");
                        }),
                        Route.get("/gather", Access.ANYONE, call -> {
                            assertTrue(Turn.atEnd(gathered::countDown));
                            return Reply.noContent();
                        }),
                        Route.get("/wait", Access.ANYONE, call -> Reply.ok(new Echo("" + isGathered()))),
                        Route.get("/words/{word}", Access.ANYONE, call -> Reply.ok(new Echo(call.path("word")))),
                        Route.get("/words/known", Access.ANYONE, call -> Reply.ok(new Echo("the known one"))),
                        Route.get(
                                "/count",
                                Access.ANYONE,
                                call -> Reply.ok(new Echo("" + call.queryLong("n", 1, 9, 5))))),
                token -> {
                    throw Reason.NOT_SIGNED_IN.refuse();
                },
                new Open(),
                new Hosts(Set.of("https://client.example")),
                true);
    }

    private boolean isGathered() {
        try {
            return gathered.await(5, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private static final class Open implements Gate {
        @Override
        public void pass(Cost cost, Caller caller, OptionalInt circuit) {}

        @Override
        public void passAsStranger(Cost cost) {}

        @Override
        public boolean passAsDevice(Cost cost, Id user) {
            return true;
        }

        @Override
        public CompletionStage<Reply> admit(Standing standing, Supplier<Reply> work) {
            return CompletableFuture.completedFuture(work.get());
        }
    }

    @Test
    void severalRequestsInOneGoAreAnsweredInTheirOrder() {
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send(
                    get("/words/one") + post("/echo", "{\"text\":\"two\"}") + get("/nowhere") + get("/words/four"));
            assertEquals("one", text(connection.answer()));
            assertEquals("two", text(connection.answer()));
            connection.answer().assertRefused(404, "not_found");
            assertEquals("four", text(connection.answer()));
        }
    }

    /** What one request has for other connections does not wait for what the next one waits for. */
    @Test
    void aRequestThatWaitsKeepsNothingFromOthers() {
        try (KeptConnection connection = new KeptConnection(url)) {
            // Warm, or so much time goes by between the two that a turn ends by that.
            for (int i = 0; i < 100; i++) {
                assertEquals("page", text(connection.send(get("/page")).answer()));
            }
            connection.send(get("/gather") + get("/wait"));
            assertEquals(204, connection.answer().status());
            assertEquals("true", text(connection.answer()));
        }
    }

    @Test
    void aConnectionGoesOnAfterARefusal() {
        try (KeptConnection connection = new KeptConnection(url)) {
            for (String refused : List.of(
                    post("/echo", "{"),
                    post("/echo", "{\"text\":7}"),
                    post("/mine", "{\"text\":\"unread\"}"),
                    post("/nowhere", "{\"text\":\"unread\"}"),
                    post("/echo", "x".repeat(BODY_MAX + 1)),
                    post("/page", "{}"),
                    get("/mine"),
                    get("/broken"))) {
                RawHttp.Answer answer = connection.send(refused).answer();
                assertTrue(answer.status() >= 400, refused);
                answer.assertGuarded();
                assertEquals("page", text(connection.send(get("/page")).answer()), refused);
            }
        }
    }

    @Test
    void aBodyFarOverItsLimitIsDrainedAndTheConnectionGoesOn() {
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send(post("/echo", "x".repeat(4 * 1_024 * 1_024)));
            connection.answer().assertRefused(413, "too_large");
            assertEquals("page", text(connection.send(get("/page")).answer()));
        }
    }

    @Test
    void aBodyThatIsAnnouncedAsHugeIsRefusedBeforeItComes() {
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 9999999999\r\n\r\n{");
            connection.answer().assertRefused(413, "too_large");
            assertTrue(connection.isClosedByTheRelay());
        }
    }

    @Test
    void whoeverIsRefusedBeforeTheBodyHearsItThroughALongBody() {
        String body = "x".repeat(Limits.DRAIN_BYTES_MAX);
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send(post("/mine", body)).answer().assertRefused(401, "not_signed_in");
            connection.send(post("/nowhere", body)).answer().assertRefused(404, "not_found");
            connection.send(post("/page", body)).answer().assertRefused(405, "method_not_allowed");
            assertEquals("page", text(connection.send(get("/page")).answer()));
        }
    }

    @Test
    void whatFailsBecauseTheRelayStopsIsNoFaultOfOurs() {
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send(get("/broken")).answer().assertRefused(500, "internal");
            connection.send(get("/later"));
            Await.until("a request that waits", 10, () -> later.getNumberOfDependents() > 0);
            server.stopIntake();
            later.completeExceptionally(new IllegalStateException("closed already"));
            connection.answer().assertRefused(503, "shutting_down");
        }
    }

    @Test
    void whoIsCutOffInTheMiddleOfABodyByTheStopHearsOfTheStop() {
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send(expecting("/echo", 14));
            // It reads the body now.
            assertEquals(100, connection.answer().status());
            server.stopIntake();
            server.close();
            connection.answer().assertRefused(503, "shutting_down");
        }
    }

    @Test
    void aClientThatAsksFirstIsToldToGoOnOrNot() {
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send(expecting("/echo", 14));
            assertEquals(100, connection.answer().status());
            connection.send("{\"text\":\"sent\"}".substring(0, 14));
            connection.answer().assertRefused(400, "malformed");
        }
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send(expecting("/echo", BODY_MAX + 1)).answer().assertRefused(413, "too_large");
        }
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send(expecting("/mine", 14)).answer().assertRefused(401, "not_signed_in");
        }
    }

    @Test
    void aBodyMayComeInChunks() {
        String head = String.join(
                "\r\n",
                "POST /echo HTTP/1.1",
                "Host: localhost",
                "Content-Type: application/json",
                "Transfer-Encoding: chunked",
                "",
                "");
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send(head + "9\r\n{\"text\":\"\r\n7\r\npieces\"\r\n1\r\n}\r\n0\r\n\r\n");
            assertEquals("pieces", text(connection.answer()));
            String kilobyte = "400\r\n" + "x".repeat(1_024) + "\r\n";
            connection.send(head + kilobyte.repeat(3) + "0\r\n\r\n");
            connection.answer().assertRefused(413, "too_large");
            connection.send(head + "zz\r\n");
            connection.answer().assertRefused(400, "malformed");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GARBAGE\r\n\r\n",
                "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n",
                "GET /page\r\n\r\n",
                "GET /page HTTP/9.9\r\nHost: localhost\r\n\r\n",
                "GET /page HTTP/1.1\r\n\r\n",
                "GET /page HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
                "GET /page HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
                "GET /page HTTP/1.1\r\nHost : localhost\r\n\r\n",
                "GET /page HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n",
                "GET /page HTTP/1.1\r\nHost: local host\r\n\r\n",
                "GET /pa\u0000ge HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET http://evil.example/page HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET http:// HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"
            })
    void whatIsNoHttpIsRefusedInTheRelaysOwnWords(String bytes) {
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send(bytes.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
            RawHttp.Answer answer = connection.answer();
            assertTrue(answer.status() == 400 || answer.status() == 421, "answered " + answer.status());
            answer.assertGuarded();
            assertEquals(
                    "application/problem+json", answer.header("Content-Type").orElse(""));
            assertEquals(512, answer.body().length());
            assertFalse(answer.body().contains("jetty"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"%D9%A3", "%EF%BC%93", "%2B3", "3.0", "0x3", "", "-", "3%20", "99999999999999999999"})
    void aNumberInTheQueryIsOfAsciiDigits(String number) {
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send("GET /count?n=" + number + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
            connection.answer().assertRefused(400, "malformed");
            connection.send("GET /count?n=3 HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertEquals("3", text(connection.answer()));
        }
    }

    @Test
    void aHeadThatIsTooLongIsRefusedAndTheLongestIsNot() {
        for (String header : List.of("X-Long: " + "x".repeat(10_000), "X: y\r\n".repeat(2_000) + "Z: z")) {
            try (KeptConnection connection = new KeptConnection(url)) {
                connection.send("GET /page HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n\r\n");
                connection.answer().assertRefused(431, "headers_too_large");
                assertTrue(connection.isClosedByTheRelay());
            }
        }
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send("GET /" + "x".repeat(10_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
            connection.answer().assertRefused(431, "headers_too_large");
        }
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send("GET /page HTTP/1.1\r\nHost: localhost\r\nX-Long: " + "x".repeat(7_000) + "\r\n\r\n");
            assertEquals("page", text(connection.answer()));
        }
    }

    @Test
    void anOldClientMustSayTheHostToo() {
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send("GET /page HTTP/1.0\r\n\r\n").answer().assertRefused(421, "misdirected");
        }
        try (KeptConnection connection = new KeptConnection(url)) {
            assertEquals(
                    "page",
                    text(connection
                            .send("GET /page HTTP/1.0\r\nHost: localhost\r\n\r\n")
                            .answer()));
            assertTrue(connection.isClosedByTheRelay());
        }
    }

    @Test
    void aWholeUriNamesItsHostInBothPlaces() {
        try (KeptConnection connection = new KeptConnection(url)) {
            String authority = url.substring("http://".length());
            connection.send("GET " + url + "/page HTTP/1.1\r\nHost: " + authority + "\r\n\r\n");
            assertEquals("page", text(connection.answer()));
            connection.send("GET http://evil.example/page HTTP/1.1\r\nHost: evil.example\r\n\r\n");
            connection.answer().assertRefused(421, "misdirected");
        }
    }

    @Test
    void theHeadOfAPageIsThePageWithoutItsBody() {
        RawHttp http = new RawHttp(url);
        RawHttp.Answer page = http.request("GET", "/page").sendUnchecked();
        RawHttp.Answer head = http.request("HEAD", "/page").sendUnchecked();
        assertEquals(200, head.status());
        assertEquals(page.headers(), head.headers());
        assertEquals("", head.body());
        assertEquals(405, http.request("HEAD", "/mine").sendUnchecked().status());
        assertEquals(405, http.request("HEAD", "/echo").sendUnchecked().status());
        try (KeptConnection connection = new KeptConnection(url)) {
            connection.send("HEAD /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            assertEquals(404, connection.answer().status());
        }
    }

    @Test
    void aMethodThatAPathDoesNotKnowNamesThoseItDoes() {
        RawHttp.Answer answer = new RawHttp(url).request("PUT", "/page").sendUnchecked();
        answer.assertRefused(405, "method_not_allowed");
        assertEquals("DELETE, GET", answer.header("Allow").orElse(""));
        new RawHttp(url).request("OPTIONS", "/page").sendUnchecked().assertRefused(405, "method_not_allowed");
        new RawHttp(url).request("OPTIONS", "/nowhere").sendUnchecked().assertRefused(404, "not_found");
    }

    @Test
    void aPreflightOfANamedOriginIsAnsweredAndOfNoOther() {
        RawHttp.Answer answer = new RawHttp(url)
                .request("OPTIONS", "/mine")
                .header("Origin", "https://client.example")
                .header("Access-Control-Request-Method", "GET")
                .sendUnchecked();
        assertEquals(204, answer.status());
        assertEquals(
                "https://client.example",
                answer.header("Access-Control-Allow-Origin").orElse(""));
        assertTrue(answer.header("Access-Control-Allow-Headers").orElse("").contains("Authorization"));
        RawHttp.Answer other = new RawHttp(url)
                .request("OPTIONS", "/mine")
                .header("Origin", "https://evil.example")
                .header("Access-Control-Request-Method", "GET")
                .sendUnchecked();
        other.assertRefused(405, "method_not_allowed");
    }

    @Test
    void ofTwoRoutesTheOneThatSpellsOutMoreWins() {
        RawHttp http = new RawHttp(url);
        assertEquals("the known one", text(http.request("GET", "/words/known").sendUnchecked()));
        assertEquals(
                "@a b\u00e9", text(http.request("GET", "/words/@a%20b%C3%A9").sendUnchecked()));
        http.request("GET", "/words/").sendUnchecked().assertRefused(404, "not_found");
        http.request("GET", "/words/a/b").sendUnchecked().assertRefused(404, "not_found");
    }

    @Test
    void queriesAreReadOnceAndWithinTheirBounds() {
        RawHttp http = new RawHttp(url);
        assertEquals("5", text(http.request("GET", "/count").sendUnchecked()));
        assertEquals("9", text(http.request("GET", "/count?n=9&other=x").sendUnchecked()));
        for (String wrong : List.of("n=0", "n=10", "n=", "n=x", "n=1&n=1", "n=%", "n=1.0", "n=99999999999999999999")) {
            http.request("GET", "/count?" + wrong).sendUnchecked().assertRefused(400, "malformed");
        }
    }

    @Test
    void aFaultTellsNothingOfItself() {
        RawHttp.Answer answer = new RawHttp(url).request("GET", "/broken").sendUnchecked();
        answer.assertRefused(500, "internal");
        assertFalse(answer.body().contains("secret"));
    }

    @Test
    void aWaitingCallHoldsUpNobodyAndIsAnsweredWhenItIsTime() {
        try (KeptConnection waiting = new KeptConnection(url)) {
            waiting.send(get("/later"));
            assertEquals("page", text(new RawHttp(url).request("GET", "/page").sendUnchecked()));
            later.complete(Reply.ok(new Echo("now")));
            assertEquals("now", text(waiting.answer()));
        }
    }

    @Test
    void aStoppingServerSaysSo() {
        server.stopIntake();
        new RawHttp(url).request("GET", "/page").sendUnchecked().assertRefused(503, "shutting_down");
    }

    @Test
    void aPortThatIsTakenIsOneSentence() {
        try (WebServer second = server(Listen.parse(url.substring("http://".length())), WebServer.Front.PLAIN)) {
            Unusable taken = assertThrows(Unusable.class, second::start);
            assertTrue(taken.sentence().contains("is another program there?"), taken.sentence());
        }
    }

    @Test
    void aSocketFileIsForThisUserAndItsGroupAndTheOperatorsForThisUser(@TempDir Path directory) throws IOException {
        Path path = directory.resolve("socket");
        for (WebServer.Front front : List.of(WebServer.Front.PLAIN, WebServer.Front.OPERATOR)) {
            try (WebServer unix = server(Listen.parse("unix:" + path), front)) {
                assertEquals("unix:" + path, unix.start());
                assertEquals(
                        front == WebServer.Front.OPERATOR ? "rw-------" : "rw-rw----",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
            }
            assertFalse(Files.exists(path), "taken away at the end");
        }
    }

    @Test
    void aSocketFileThatNobodyHoldsIsReplacedAndALiveOneIsNot(@TempDir Path directory) throws IOException {
        Path path = directory.resolve("socket");
        try (WebServer unix = server(Listen.parse("unix:" + path), WebServer.Front.PLAIN)) {
            try (ServerSocketChannel live = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                live.bind(UnixDomainSocketAddress.of(path));
                assertTrue(assertThrows(Unusable.class, unix::start).sentence().contains("another program does"));
            }
        }
        assertTrue(Files.exists(path), "left behind");
        try (WebServer unix = server(Listen.parse("unix:" + path), WebServer.Front.PLAIN)) {
            unix.start();
            try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                assertTrue(client.connect(UnixDomainSocketAddress.of(path)));
            }
        }
    }

    @Test
    void whatIsNoSocketIsNeverRemoved(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("letter"), "dear");
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);
        for (Path path : List.of(file, directory, link)) {
            try (WebServer unix = server(Listen.parse("unix:" + path), WebServer.Front.PLAIN)) {
                Unusable refused = assertThrows(Unusable.class, unix::start);
                assertTrue(refused.sentence().contains("no socket"), refused.sentence());
            }
        }
        assertEquals("dear", Files.readString(file));
        assertTrue(Files.exists(link));
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }

    private static String post(String path, String body) {
        return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
    }

    private static String expecting(String path, int length) {
        return "POST " + path
                + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
                + "Content-Length: " + length + "\r\n\r\n";
    }

    private static String text(RawHttp.Answer answer) {
        assertEquals(200, answer.status(), answer.body().strip());
        return Json.read(answer.body(), Echo.class).text();
    }
}
