// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.handshaker.support.Refusals.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.List;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    record Thing(
            String someName,
            @Nullable Long count,
            @Nullable Boolean isOn,
            @Nullable List<String> words,
            @Nullable Part part,
            @Nullable List<Part> parts,
            @Nullable Unread birthday,
            char @Nullable [] secret,
            @Nullable Colour colour) {}

    record Part(String name, int number) {}

    enum Colour {
        RED
    }

    record Checked(String word) {
        Checked {
            if (!word.equals("right")) {
                throw Reason.BAD_USERNAME.refuse();
            }
        }
    }

    /** Jackson keeps names for the next reader: thousands of long ones would fill the heap for good. */
    @Test
    void aNameLongerThanAnyFieldsIsMalformed() {
        String longest = "x".repeat(Limits.JSON_NAME_CHARS_MAX);
        assertEquals(1, Json.map("{\"" + longest + "\":1}").size());
        for (String name : List.of(longest + "x", longest.replaceFirst("x", "\\\\n") + "x", longest.repeat(700))) {
            String object = "{\"" + name + "\":1}";
            assertRefused(Reason.MALFORMED, () -> Json.map(object));
            assertRefused(Reason.MALFORMED, () -> Json.flat(object.getBytes(UTF_8)));
            assertRefused(Reason.MALFORMED, () -> Json.peek(object.getBytes(UTF_8), "id"));
            assertRefused(Reason.MALFORMED, () -> Json.read(object, Thing.class));
            assertRefused(Reason.MALFORMED, () -> Json.read(object.getBytes(UTF_8), Thing.class));
        }
    }

    @Test
    void readsSnakeCaseIntoRecords() {
        Thing thing = read(
                "{\"some_name\":\"n\",\"count\":7,\"is_on\":true,\"words\":[\"a\"],\"part\":{\"name\":\"p\",\"number\":1},"
                        + "\"parts\":[{\"name\":\"q\",\"number\":2}],\"secret\":\"\u00e9\"}  \n");
        assertEquals("n", thing.someName());
        assertEquals(7, thing.count());
        assertEquals(true, thing.isOn());
        assertEquals(List.of("a"), thing.words());
        assertEquals(new Part("p", 1), thing.part());
        assertEquals(List.of(new Part("q", 2)), thing.parts());
        assertArrayEquals(new char[] {'\u00e9'}, thing.secret());
        assertNull(thing.colour());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "null",
                "[]",
                "7",
                "\"x\"",
                "{",
                "{}",
                "{\"some_name\":null}",
                "{\"some_name\":7}",
                "{\"some_name\":1.5}",
                "{\"some_name\":true}",
                "{\"some_name\":[\"x\"]}",
                "{\"some_name\":{}}",
                "{\"someName\":\"x\"}",
                "{\"some_name\":\"x\",\"unknown\":1}",
                "{\"some_name\":\"x\",\"unknown\":null}",
                "{\"some_name\":\"x\",\"some_name\":\"x\"}",
                "{\"some_name\":\"x\"}{}",
                "{\"some_name\":\"x\"} x",
                "{\"some_name\":\"x\"},",
                "{\"some_name\":\"x\",}",
                "{'some_name':'x'}",
                "{some_name:\"x\"}",
                "{\"some_name\":\"x\"} // no",
                "/**/{\"some_name\":\"x\"}",
                "{\"some_name\":\"\t\"}",
                "{\"some_name\":\"\\x\"}",
                "{\"some_name\":\"\\u00g0\"}",
                "{\"some_name\":\"x",
                "\ufeff{\"some_name\":\"x\"}",
                "{\"some_name\":\"x\",\"count\":\"7\"}",
                "{\"some_name\":\"x\",\"count\":7.0}",
                "{\"some_name\":\"x\",\"count\":1e3}",
                "{\"some_name\":\"x\",\"count\":true}",
                "{\"some_name\":\"x\",\"count\":\"\"}",
                "{\"some_name\":\"x\",\"count\":9223372036854775808}",
                "{\"some_name\":\"x\",\"count\":123456789012345678901234567890}",
                "{\"some_name\":\"x\",\"count\":NaN}",
                "{\"some_name\":\"x\",\"count\":+1}",
                "{\"some_name\":\"x\",\"count\":01}",
                "{\"some_name\":\"x\",\"is_on\":1}",
                "{\"some_name\":\"x\",\"is_on\":\"true\"}",
                "{\"some_name\":\"x\",\"is_on\":\"\"}",
                "{\"some_name\":\"x\",\"words\":\"a\"}",
                "{\"some_name\":\"x\",\"words\":[1]}",
                "{\"some_name\":\"x\",\"words\":[null]}",
                "{\"some_name\":\"x\",\"words\":[\"a\",[]]}",
                "{\"some_name\":\"x\",\"part\":{}}",
                "{\"some_name\":\"x\",\"part\":\"\"}",
                "{\"some_name\":\"x\",\"part\":[]}",
                "{\"some_name\":\"x\",\"part\":{\"number\":1}}",
                "{\"some_name\":\"x\",\"part\":{\"name\":null,\"number\":1}}",
                "{\"some_name\":\"x\",\"part\":{\"name\":\"p\",\"number\":null}}",
                "{\"some_name\":\"x\",\"part\":{\"name\":\"p\",\"number\":1,\"more\":1}}",
                "{\"some_name\":\"x\",\"part\":{\"name\":\"p\",\"name\":\"p\",\"number\":1}}",
                "{\"some_name\":\"x\",\"parts\":[null]}",
                "{\"some_name\":\"x\",\"parts\":[{\"name\":null,\"number\":1}]}",
                "{\"some_name\":\"x\",\"secret\":[\"a\",\"b\"]}",
                "{\"some_name\":\"x\",\"secret\":7}",
                "{\"some_name\":\"x\",\"colour\":0}",
                "{\"some_name\":\"x\",\"colour\":\"blue\"}"
            })
    void refusesWhateverIsNotExactlyThat(String json) {
        assertRefused(Reason.MALFORMED, () -> read(json));
        assertRefused(Reason.MALFORMED, () -> Json.read(json, Thing.class));
    }

    @Test
    void aMissingPrimitiveIsNotZero() {
        assertRefused(Reason.MALFORMED, () -> read("{\"some_name\":\"x\",\"part\":{\"name\":\"p\"}}"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    {"type":"send"} | send
                    {"id":{"type":"x"},"list":[{"type":"y"}],"type":"send","type":"ack"} | send
                    {"type":"a\\u0062"} | ab
                    {"type":7,"kind":"send"} |
                    {"type":null} |
                    {"kind":"type"} |
                    {} |
                    """)
    void aFieldIsSeenBeforeTheRest(String json, @Nullable String type) {
        assertEquals(type, Json.peek(json.getBytes(UTF_8), "type"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "\"type\"", "{\"kind\":", "{\"kind\"}", "{\"kind\":[[[[[[[[[[[[[[[[[[]]"})
    void whatIsNoObjectHasNoField(String json) {
        assertRefused(Reason.MALFORMED, () -> Json.peek(json.getBytes(UTF_8), "type"));
    }

    @Test
    void nestingEndsAtSixteen() {
        assertTrue(Json.map("{\"a\":" + "[".repeat(15) + "]".repeat(15) + "}").containsKey("a"));
        assertRefused(Reason.MALFORMED, () -> Json.map("{\"a\":" + "[".repeat(16) + "]".repeat(16) + "}"));
        assertRefused(
                Reason.MALFORMED,
                () -> read("{\"some_name\":\"x\",\"birthday\":" + "[".repeat(16) + "]".repeat(16) + "}"));
        assertRefused(Reason.MALFORMED, () -> Json.map("[".repeat(100_000)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "\"1990-01-01\"", "7", "{\"a\":[1,{\"b\":null}]}", "[[]]", "true"})
    void whatIsLeftUnreadMayBeAnything(String value) {
        assertEquals(
                "x", read("{\"birthday\":" + value + ",\"some_name\":\"x\"}").someName());
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32", "UTF-32LE"})
    void noOtherEncodingIsGuessed(String charset) {
        byte[] bytes = "{\"some_name\":\"x\"}".getBytes(Charset.forName(charset));
        assertRefused(Reason.MALFORMED, () -> Json.read(bytes, Thing.class));
        assertRefused(Reason.MALFORMED, () -> Json.flat(bytes));
        assertRefused(Reason.MALFORMED, () -> Json.peek(bytes, "some_name"));
    }

    private static Flat flat(String object) {
        return Json.flat(object.getBytes(UTF_8));
    }

    @Test
    void aFlatObjectIsTakenApartFieldByField() {
        Flat flat = flat(
                " {\"text\":\"\u20ac\\ud83d\\ude00\",\"number\":-7,\"nothing\":null,\"texts\":[\"a\",\"b\"],\"is_on\":true} ");
        assertRefused(Reason.MALFORMED, flat::end);
        assertEquals("\u20ac\ud83d\ude00", flat.text("text"));
        assertNull(flat.maybeText("text"));
        assertNull(flat.maybeText("nothing"));
        assertRefused(Reason.MALFORMED, () -> flat.text("nothing"));
        assertRefused(Reason.MALFORMED, () -> flat.maybeText("is_on"));
        assertRefused(Reason.MALFORMED, () -> flat.maybeText("number"));
        assertEquals(-7L, flat.maybeNumber("number"));
        assertEquals(List.of("a", "b"), flat.maybeTexts("texts"));
        assertRefused(Reason.MALFORMED, flat::end);
        Flat unknown = flat("{\"nothing\":null}");
        assertRefused(Reason.MALFORMED, unknown::end);
        assertNull(unknown.maybeTexts("nothing"));
        unknown.end();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "null",
                "{\"a\":1,\"a\":2}",
                "{\"a\":null,\"a\":\"x\"}",
                "{\"a\":{}}",
                "{\"a\":1.5}",
                "{\"a\":9223372036854775808}",
                "{\"a\":[1]}",
                "{\"a\":[[]]}",
                "{\"a\":[null]}",
                "{\"a\":1}{}",
                "{\"a\":1} x",
                "{\"a\":1,}",
                "{'a':1}",
                "{a:1}",
                "{\"a\":\"\t\"}",
                "{\"a\":\"x",
                "\ufeff{\"a\":1}",
                "/**/{\"a\":1}"
            })
    void aFlatObjectIsReadAsStrictly(String object) {
        assertRefused(Reason.MALFORMED, () -> flat(object));
    }

    @Test
    void aFlatObjectHasAHandfulOfFields() {
        StringBuilder object = new StringBuilder("{\"a0\":1");
        for (int i = 1; i < Limits.FRAME_FIELDS_MAX; i++) {
            object.append(",\"a").append(i).append("\":1");
        }
        assertEquals(1L, flat(object + "}").maybeNumber("a7"));
        assertRefused(Reason.MALFORMED, () -> flat(object + ",\"one\":1}"));
    }

    @Test
    void whatIsWrittenPaddedIsWhatIsPadded() {
        for (int length : new int[] {0, 400, 490, 512, 2_000, 2_048, 9_000, 98_304, 120_000}) {
            for (int expected : new int[] {0, 512, 2_048, 200_000}) {
                String text = "x".repeat(length);
                byte[] plain = Json.object(expected).put("a", text).put("b", 7).bytes();
                assertEquals("{\"a\":\"" + text + "\",\"b\":7}", new String(plain, UTF_8));
                for (int bytesMin : new int[] {0, Padding.MAIL_BYTES_MIN}) {
                    byte[] padded =
                            Json.object(expected).put("a", text).put("b", 7).padded(bytesMin);
                    assertArrayEquals(Padding.pad(plain, bytesMin), padded);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\u00ff", "\u00c0\u0080", "\u00ed\u00a0\u0080", "\u00e9", "\u00f4\u0090\u0080\u0080", "\u0080"})
    void bytesThatAreNoUtf8AreNoText(String bytesAsLatin1) {
        byte[] bytes = ("{\"some_name\":\"" + bytesAsLatin1 + "\"}").getBytes(ISO_8859_1);
        assertRefused(Reason.MALFORMED, () -> Json.read(bytes, Thing.class));
    }

    @Test
    void aRecordsOwnRefusalIsTheAnswer() {
        assertRefused(Reason.BAD_USERNAME, () -> Json.read("{\"word\":\"wrong\"}".getBytes(UTF_8), Checked.class));
        assertRefused(Reason.BAD_USERNAME, () -> Json.read("{\"word\":\"wrong\"}", Checked.class));
        assertEquals(new Checked("right"), Json.read("{\"word\":\"right\"}", Checked.class));
        assertRefused(Reason.MALFORMED, () -> Json.read("{}", Checked.class));
    }

    @Test
    void writesSnakeCaseAndLeavesNullsOut() {
        Thing thing = new Thing("n", null, false, List.of(), null, null, null, null, null);
        assertEquals("{\"some_name\":\"n\",\"is_on\":false,\"words\":[]}", Json.text(thing));
        assertEquals(Json.text(thing), new String(Json.write(thing), UTF_8));
    }

    @Test
    void writesNullsWhereTheyAreTheAnswer() {
        java.util.Map<String, Object> keys = new java.util.LinkedHashMap<>();
        keys.put("@a", "key");
        keys.put("@b", null);
        assertEquals("{\"@a\":\"key\",\"@b\":null}", Json.text(keys));
    }

    @Test
    void textComesBackAsItWas() {
        char[] all = new char[0xd800];
        for (int i = 0; i < all.length; i++) {
            all[i] = (char) i;
        }
        String text = new String(all) + "\ud83e\udd86\uffff";
        Thing thing = new Thing(text, null, null, null, null, null, null, null, null);
        assertEquals(text, read(Json.text(thing)).someName());
        assertEquals(text, Json.map(Json.text(thing)).get("some_name"));
        assertTrue(Arrays.equals(Json.write(thing), Json.text(thing).getBytes(UTF_8)));
    }

    private static Thing read(String json) {
        return Json.read(json.getBytes(UTF_8), Thing.class);
    }
}
