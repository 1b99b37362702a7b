// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.handshaker.client.Carrier;
import org.handshaker.client.Forgotten;
import org.handshaker.client.RelayAddress;
import org.handshaker.client.RelayClient;
import org.handshaker.support.MailReceiver;
import org.handshaker.support.RawHttp;
import org.handshaker.support.SocksProxy;
import org.handshaker.support.TestRelay;
import org.handshaker.support.TestTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Recovery mail, where the operator wants it: the code comes by a real mail server, and nobody else learns anything. */
@Timeout(120)
final class RecoveryMailTest {
    private static final int SECONDS_MAX = 40;
    private static final String ONION = "mailmailmailmailmailmailmailmailmailmailmailmailmailmail" + ".onion";
    private static final String ALICES = "alice.liddell@wonderland.example";
    private static final String NEW_PASSWORD = "staple correct battery";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TestTime time = new TestTime();
    private MailReceiver receiver;
    private SocksProxy proxy;
    private TestRelay relay;
    private RawHttp http;

    @BeforeEach
    void open() {
        receiver = MailReceiver.plain();
        proxy = SocksProxy.forwardingTo(receiver.port());
        relay = TestRelay.start(
                time,
                "--tor-socks=" + proxy.address(),
                "--mail-server=smtp://" + ONION + ":25",
                "--mail-from=codes@relay.example");
        http = new RawHttp(relay.address());
    }

    @AfterEach
    void close() {
        relay.close();
        proxy.close();
        receiver.close();
    }

    private RawHttp.Answer post(String target, String json) {
        return http.request("POST", target).json(json).send();
    }

    private JsonNode register(String name, String address) throws Exception {
        RawHttp.Answer answer = post(
                "/auth/register",
                "{\"username\":\"" + name + "\",\"password\":\"" + RawHttp.PASSWORD + "\",\"recovery_email\":\""
                        + address + "\"}");
        assertEquals(201, answer.status(), answer.body());
        return JSON.readTree(answer.body());
    }

    private RawHttp.Answer forgot(String name, String address) {
        return post("/auth/forgot-password", "{\"username\":\"" + name + "\",\"recovery_email\":\"" + address + "\"}");
    }

    private static String resetId(RawHttp.Answer forgotten) throws Exception {
        assertEquals(202, forgotten.status(), forgotten.body());
        return JSON.readTree(forgotten.body()).get("reset_id").asText();
    }

    private RawHttp.Answer reset(String resetId, String otp) {
        return post(
                "/auth/reset-password",
                "{\"username\":\"alice\",\"new_password\":\"" + NEW_PASSWORD + "\",\"reset_id\":\"" + resetId
                        + "\",\"otp\":\"" + otp + "\"}");
    }

    private int login(String password) {
        return post("/auth/login", "{\"username\":\"alice\",\"password\":\"" + password + "\"}")
                .status();
    }

    private RawHttp.Answer mailTo(String token, String password, String address) {
        return http.request("PUT", "/auth/recovery-email")
                .token(token)
                .json("{\"password\":\"" + password + "\",\"recovery_email\":\"" + address + "\"}")
                .send();
    }

    private int rows() {
        return relay.database().<Integer>read(handle -> handle.createQuery("SELECT count(*) FROM recovery_mail")
                .mapTo(Integer.class)
                .one());
    }

    @Test
    void theCodeComesByMailAndSetsANewPassword() throws Exception {
        register("alice", ALICES);
        String resetId = resetId(forgot("alice", ALICES.toUpperCase(Locale.ROOT)));
        MailReceiver.Mail mail = receiver.await(1, SECONDS_MAX);
        assertEquals(ALICES, mail.to());
        assertEquals("codes@relay.example", mail.from());
        assertTrue(mail.body().matches("[A-Za-z0-9_-]{22}"), "128 bits and nothing else: " + mail.body());
        assertFalse(mail.text().replace(ALICES, "").contains("alice"), "no name");
        assertFalse(mail.text().contains(resetId), "whoever reads the mail alone cannot use it");
        assertEquals(204, reset(resetId, mail.body()).status());
        assertEquals(401, login(RawHttp.PASSWORD));
        assertEquals(200, login(NEW_PASSWORD));
        reset(resetId, mail.body()).assertRefused(401, "bad_otp");
    }

    @Test
    void nothingGoesButThroughTheProxy() throws Exception {
        register("alice", ALICES);
        for (int i = 1; i <= 3; i++) {
            forgot("alice", ALICES);
            receiver.await(i, SECONDS_MAX);
        }
        List<SocksProxy.Asked> asked = proxy.asked();
        assertEquals(3, asked.size(), "as many connections as mails");
        asked.forEach(one -> assertEquals(ONION + ":25", one.host() + ":" + one.port()));
        asked.forEach(one -> assertEquals("mail", one.username()));
        assertEquals(List.of(), proxy.resolved());
    }

    /** Each line is first in, first out: what was asked before the last mail has been decided when that arrives. */
    @Test
    void theAnswerIsTheSameForWhomItConcernsAndForEveryoneElse() throws Exception {
        register("alice", ALICES);
        http.signUp("without");
        List<RawHttp.Answer> answers = new ArrayList<>();
        answers.add(forgot("alice", "someone.else@wonderland.example"));
        answers.add(forgot("without", ALICES));
        answers.add(forgot("nobody_here", ALICES));
        answers.add(post("/auth/forgot-password", "{\"username\":\"alice\"}"));
        answers.add(forgot("alice", ALICES));
        assertEquals(ALICES, receiver.await(1, SECONDS_MAX).to());
        assertEquals(1, receiver.mails().size());
        TreeSet<String> members = new TreeSet<>();
        for (RawHttp.Answer answer : answers) {
            assertEquals(202, answer.status());
            assertEquals(answers.get(0).headers().keySet(), answer.headers().keySet());
            JsonNode body = JSON.readTree(answer.body());
            List<String> names = new ArrayList<>();
            body.fieldNames().forEachRemaining(names::add);
            members.add(names.toString());
            assertTrue(body.get("challenge").asText().startsWith("-----BEGIN PGP MESSAGE-----"));
            assertEquals(600, body.get("expires_in").asInt());
        }
        assertEquals(1, members.size(), members::toString);
        assertEquals(answers.get(0).body().length(), answers.get(4).body().length(), "right address, wrong address");
    }

    @Test
    void fiveTriesAreAllThereAre() throws Exception {
        register("alice", ALICES);
        String resetId = resetId(forgot("alice", ALICES));
        String otp = receiver.await(1, SECONDS_MAX).body();
        for (int i = 0; i < 5; i++) {
            reset(resetId, "AAAAAAAAAAAAAAAAAAAAAA").assertRefused(401, "bad_otp");
        }
        reset(resetId, otp).assertRefused(401, "bad_otp");
        assertEquals(200, login(RawHttp.PASSWORD));
    }

    @Test
    void aCodeExpiresAndIsForItsOwnReset() throws Exception {
        register("alice", ALICES);
        String first = resetId(forgot("alice", ALICES));
        String otp = receiver.await(1, SECONDS_MAX).body();
        String second = resetId(forgot("alice", ALICES));
        reset(second, otp).assertRefused(401, "bad_otp");
        time.advance(Duration.ofMinutes(10));
        reset(first, otp).assertRefused(401, "bad_otp");
    }

    @Test
    void theAddressIsChangedAndTakenAwayWithThePassword() throws Exception {
        String token = register("alice", ALICES).get("access_token").asText();
        mailTo(token, "wrong", "new@wonderland.example").assertRefused(401, "bad_credentials");
        mailTo(token, RawHttp.PASSWORD, "no address").assertRefused(400, "bad_email");
        assertEquals(
                204, mailTo(token, RawHttp.PASSWORD, "new@wonderland.example").status());
        forgot("alice", ALICES);
        forgot("alice", "new@wonderland.example");
        assertEquals("new@wonderland.example", receiver.await(1, SECONDS_MAX).to(), "the old one gets nothing");
        assertTrue(events(token).contains("\\\"set\\\":true"), events(token));

        RawHttp.Request delete = http.request("DELETE", "/auth/recovery-email").token(token);
        delete.json("{\"password\":\"wrong\"}").send().assertRefused(401, "bad_credentials");
        assertEquals(1, rows());
        for (int i = 0; i < 2; i++) {
            assertEquals(
                    204,
                    http.request("DELETE", "/auth/recovery-email")
                            .token(token)
                            .json("{\"password\":\"" + RawHttp.PASSWORD + "\"}")
                            .send()
                            .status());
        }
        assertEquals(0, rows());
        assertTrue(events(token).contains("\\\"set\\\":false"), events(token));
    }

    private String events(String token) {
        String events = http.request("GET", "/events").token(token).send().body();
        assertTrue(events.contains("account.recovery_email"), events);
        return events;
    }

    /** Else whoever had the password, and put their own address in, would be back at once. */
    @Test
    void whoeverUsesARecoveryCodeIsRidOfTheAddress() throws Exception {
        JsonNode registered = register("alice", ALICES);
        String code = registered.get("recovery_codes").get(0).asText();
        assertEquals(
                204,
                post(
                                "/auth/reset-password",
                                "{\"username\":\"alice\",\"new_password\":\"" + NEW_PASSWORD + "\",\"recovery_code\":\""
                                        + code + "\"}")
                        .status());
        assertEquals(0, rows());
    }

    @Test
    void theAddressGoesWithItsAccount() throws Exception {
        String token = register("alice", ALICES).get("access_token").asText();
        assertEquals(1, rows());
        assertEquals(
                204,
                http.request("DELETE", "/auth/account")
                        .token(token)
                        .json("{\"password\":\"" + RawHttp.PASSWORD + "\"}")
                        .send()
                        .status());
        assertEquals(0, rows());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a@b.example\\r\\nRCPT TO:<mallory@evil.example>",
                "a@b.example\\nBcc: mallory@evil.example",
                "a@b.example>\\r\\nDATA\\r\\n",
                "\\\"a\\r\\nDATA\\\"@b.example",
                "a@b.example\\u0000",
                "a@b.example, mallory@evil.example",
                "a@b.example\\u2028x@y.example",
                "a@[127.0.0.1]",
            })
    void nobodyWritesToTheMailServer(String address) throws Exception {
        register("alice", ALICES);
        forgot("alice", address).assertRefused(400, "bad_email");
        forgot("nobody_here", address).assertRefused(400, "bad_email");
        post(
                        "/auth/register",
                        "{\"username\":\"mallory\",\"password\":\"" + RawHttp.PASSWORD + "\",\"recovery_email\":\""
                                + address + "\"}")
                .assertRefused(400, "bad_email");
        assertEquals(List.of(), proxy.asked());
    }

    @Test
    void aMailServerThatIsDownChangesNoAnswerAndNothingIsSaidAboutIt() throws Exception {
        register("alice", ALICES);
        receiver.close();
        for (int i = 0; i < 5; i++) {
            assertEquals(202, forgot("alice", ALICES).status());
        }
        org.handshaker.support.Await.until(
                "it has tried", SECONDS_MAX, () -> proxy.asked().size() >= 2);
        assertFalse(relay.said().contains("alice") || relay.said().contains("mail"), relay.said());
    }

    @Test
    void aSeizedDiskHoldsNoAddressAndNoCode() throws Exception {
        String token = register("alice", ALICES).get("access_token").asText();
        forgot("alice", ALICES);
        String otp = receiver.await(1, SECONDS_MAX).body();
        assertEquals(
                204,
                mailTo(token, RawHttp.PASSWORD, "white.rabbit@wonderland.example")
                        .status());
        forgot("alice", "white.rabbit@wonderland.example");
        receiver.await(2, SECONDS_MAX);
        nothingIn(otp);
        relay.stop();
        nothingIn(otp);
    }

    private void nothingIn(String otp) throws Exception {
        try (Stream<Path> files = Files.walk(relay.directory())) {
            int searched = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String bytes =
                        new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
                for (String secret : List.of("liddell", "wonderland", "white.rabbit", "argon2id", otp)) {
                    assertFalse(bytes.contains(secret.toLowerCase(Locale.ROOT)), secret + " in " + file);
                }
                searched++;
            }
            assertTrue(searched >= 3, searched + " files");
        }
    }

    @Test
    void theDoctorGoesAsFarAsAMailWouldAndSendsNone() {
        String[] words = {
            "doctor",
            "--tor=none",
            "--data=" + relay.directory().resolve("data"),
            "--key-file=" + relay.directory().resolve("key"),
            "--tor-socks=" + proxy.address(),
            "--mail-server=smtp://" + ONION,
            "--mail-from=codes@relay.example"
        };
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        assertEquals(0, Main.run(words, InputStream.nullInputStream(), stream, stream));
        assertTrue(
                out.toString(StandardCharsets.UTF_8).contains("ok   recovery mail: the mail server takes it"),
                out.toString(StandardCharsets.UTF_8));
        receiver.close();
        assertEquals(1, Main.run(words, InputStream.nullInputStream(), stream, stream));
        assertTrue(
                out.toString(StandardCharsets.UTF_8).contains("BAD  recovery mail: The mail server cannot be used: "),
                out.toString(StandardCharsets.UTF_8));
        assertEquals(List.of(), receiver.mails());
        // Without tor it is not the mail server's fault.
        proxy.close();
        assertEquals(1, Main.run(words, InputStream.nullInputStream(), stream, stream));
        assertTrue(
                out.toString(StandardCharsets.UTF_8)
                        .contains("BAD  recovery mail: No SOCKS proxy (tor) listens at " + proxy.address()),
                out.toString(StandardCharsets.UTF_8));
    }

    @Test
    void theClientLibraryKnowsIt() throws Exception {
        try (Carrier carrier = Carrier.to(RelayAddress.parse(relay.address(), null))) {
            RelayClient client = new RelayClient(carrier);
            client.register("alice", RawHttp.PASSWORD);
            client.setRecoveryEmail(RawHttp.PASSWORD, ALICES);
            Forgotten forgotten = client.forgotPassword("alice", ALICES);
            client.resetPassword(
                    "alice", forgotten, receiver.await(1, SECONDS_MAX).body(), NEW_PASSWORD);
            client.login("alice", NEW_PASSWORD);
            client.clearRecoveryEmail(NEW_PASSWORD);
            assertEquals(0, rows());
        }
    }
}
