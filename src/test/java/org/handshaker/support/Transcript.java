// SPDX-License-Identifier: MIT
package org.handshaker.support;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Plays the fenced {@code http} and {@code ws} blocks of a Markdown page against a relay, in order, as that page explains
 * them: {@code "…"} is any value, {@code <name>} one that stays the same.
 */
public final class Transcript implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern BLOCK =
            Pattern.compile("^```(http|ws)\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern NAME = Pattern.compile("\"<([a-z.]+)>\"|<([a-z.]+)>");
    private static final String ANYTHING = "…";

    private final String page;
    private final RawHttp http;
    private final String url;
    private final Map<String, JsonNode> named = new HashMap<>();
    private final Map<String, RawSocket> talkers = new HashMap<>();

    private Transcript(String page, String url) {
        this.page = page;
        this.http = new RawHttp(url);
        this.url = url;
    }

    public static Transcript of(String page, String url) {
        return new Transcript(page, url);
    }

    /** Returns how many blocks were played. */
    public int play() {
        int played = 0;
        Matcher block = BLOCK.matcher(page);
        while (block.find()) {
            long line = page.substring(0, block.start()).lines().count() + 1;
            try {
                if (block.group(1).equals("http")) {
                    call(block.group(2));
                } else {
                    talk(block.group(2));
                }
            } catch (AssertionError | RuntimeException failed) {
                throw new AssertionError("the transcript at line " + line + ": " + failed.getMessage(), failed);
            }
            played++;
        }
        return played;
    }

    private void call(String block) {
        int blank = block.indexOf("\n\n");
        Iterator<String> lines =
                List.of(block.substring(0, blank).split("\n", -1)).iterator();
        String[] requestLine = lines.next().split(" ", 2);
        RawHttp.Request request = http.request(requestLine[0], requestLine[1].isEmpty() ? "/" : filled(requestLine[1]));
        StringBuilder body = new StringBuilder();
        while (lines.hasNext()) {
            String line = lines.next();
            if (body.isEmpty() && line.matches("[A-Za-z-]+: .*")) {
                request.header(line.substring(0, line.indexOf(':')), filled(line.substring(line.indexOf(':') + 2)));
            } else {
                body.append(line).append('\n');
            }
        }
        if (!body.isEmpty()) {
            request.json(filled(body.toString()));
        }
        String expected = block.substring(blank + 2).strip();
        int status = Integer.parseInt(expected.substring(0, 3));
        RawHttp.Answer answer = request.send();
        require(
                status == answer.status(),
                "expected " + status + ", got " + answer.status() + " "
                        + answer.body().strip());
        String expectedBody = expected.substring(3).strip();
        if (expectedBody.isEmpty()) {
            require(
                    answer.body().isEmpty(),
                    "expected no body, got " + answer.body().strip());
        } else {
            compare(parse(pattern(expectedBody)), parse(answer.body()), "");
        }
    }

    private void talk(String block) {
        for (String line : block.strip().split("\n", -1)) {
            int mark = line.indexOf(line.contains("> {") ? "> {" : "< {");
            RawSocket talker = talkers.computeIfAbsent(line.substring(0, mark), name -> RawSocket.open(url));
            String frame = line.substring(mark + 2);
            if (line.charAt(mark) == '>') {
                talker.send(filled(frame));
            } else {
                JsonNode expected = parse(pattern(frame));
                compare(expected, talker.next(), line.substring(0, mark) + ": ");
            }
        }
    }

    /** A request with its names filled in; a quoted name keeps its quotes only where the value is text. */
    private String filled(String text) {
        return NAME.matcher(text).replaceAll(found -> {
            boolean isQuoted = found.group(1) != null;
            String name = isQuoted ? found.group(1) : found.group(2);
            JsonNode value = Objects.requireNonNull(named.get(name), "nothing is called <" + name + "> yet");
            return Matcher.quoteReplacement(isQuoted ? value.toString() : value.asText());
        });
    }

    /** An expected answer as JSON: bare names become quoted ones. */
    private static String pattern(String text) {
        return NAME.matcher(text)
                .replaceAll(found -> "\"<" + (found.group(1) != null ? found.group(1) : found.group(2)) + ">\"");
    }

    private void compare(JsonNode expected, JsonNode actual, String where) {
        if (expected.isTextual() && expected.asText().equals(ANYTHING)) {
            return;
        }
        if (expected.isTextual() && NAME.matcher(expected.asText()).matches()) {
            String name = expected.asText().substring(1, expected.asText().length() - 1);
            @Nullable JsonNode before = named.putIfAbsent(name, actual);
            require(before == null || before.equals(actual), where + "<" + name + "> was " + before + ", is " + actual);
        } else if (expected.isObject()) {
            require(
                    names(expected).equals(names(actual)),
                    where + "expected the fields " + names(expected) + ", got " + actual);
            expected.properties()
                    .forEach(field ->
                            compare(field.getValue(), actual.get(field.getKey()), where + field.getKey() + ": "));
        } else if (expected.isArray()) {
            require(expected.size() == actual.size(), where + "expected " + expected.size() + " entries in " + actual);
            for (int i = 0; i < expected.size(); i++) {
                compare(expected.get(i), actual.get(i), where + i + ": ");
            }
        } else {
            require(expected.equals(actual), where + "expected " + expected + ", got " + actual);
        }
    }

    private static Set<String> names(JsonNode object) {
        Set<String> names = new TreeSet<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static JsonNode parse(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException unreadable) {
            throw new AssertionError("no JSON: " + text, unreadable);
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    @Override
    public void close() {
        talkers.values().forEach(RawSocket::close);
    }
}
