// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.handshaker.support.OpenApi;
import org.junit.jupiter.api.Test;

class DocsPageTest {
    private static final Pattern ID = Pattern.compile("\\sid=\"([^\"]+)\"");
    private static final Pattern LINK = Pattern.compile("(?:href|src|action|data|srcset)=\"([^\"]*)\"");

    private final Page docs = PageRoutes.render(Page.resource("/org/handshaker/openapi.yaml"));
    private final Page front = Page.of(Page.resource("index.html"), Page.resource("page.css"));

    @Test
    void describesEveryOperation() {
        for (OpenApi.Operation operation : OpenApi.contract().operations()) {
            assertTrue(docs.html().contains("<article id=\"" + operation.id() + "\""), operation.id());
        }
        assertTrue(docs.html().contains("/<wbr>connections/<wbr>list")
                || docs.html().contains("/connections/list"));
    }

    @Test
    void needsNoScriptAndLoadsNothing() {
        for (Page page : List.of(docs, front)) {
            String html = page.html().toLowerCase(Locale.ROOT);
            for (String forbidden : List.of("<script", "<img", "<link", "<iframe", "@import", "url(", "javascript:")) {
                assertFalse(html.contains(forbidden), forbidden);
            }
            assertFalse(Pattern.compile("<[^>]*\\s(?:on[a-z]+|style)=")
                    .matcher(html)
                    .find());
            Matcher links = LINK.matcher(html);
            while (links.find()) {
                String target = links.group(1);
                assertTrue(target.startsWith("#") || target.matches("/[a-z.]*"), target);
            }
        }
    }

    @Test
    void allowsItsOwnStylesheetAndNothingElse() {
        for (Page page : List.of(docs, front)) {
            assertTrue(page.contentSecurityPolicy().startsWith("default-src 'none'; style-src 'sha256-"));
            assertEquals(2, page.html().split("<style>", -1).length);
        }
    }

    @Test
    void everyLinkOnThePageHasItsTarget() {
        Set<String> ids = new HashSet<>();
        Matcher id = ID.matcher(docs.html());
        while (id.find()) {
            assertTrue(ids.add(id.group(1)), "twice: " + id.group(1));
        }
        Matcher link = LINK.matcher(docs.html());
        while (link.find()) {
            String target = link.group(1);
            assertTrue(!target.startsWith("#") || ids.contains(target.substring(1)), target);
        }
    }

    @Test
    void whateverTheContractHoldsStaysText() {
        String hostile = "<script>alert(1)</script>\"'&`<b>`";
        String html = DocsPage.render(Map.of(
                "info", Map.of("title", hostile, "summary", hostile, "description", hostile, "version", hostile),
                "tags", List.of(Map.of("name", "T", "description", hostile)),
                "paths",
                        Map.of(
                                "/" + hostile,
                                Map.of(
                                        "get",
                                        Map.of(
                                                "operationId",
                                                "x\"><script>",
                                                "summary",
                                                hostile,
                                                "description",
                                                hostile,
                                                "tags",
                                                List.of("T"),
                                                "responses",
                                                Map.of(
                                                        "200",
                                                        Map.of(
                                                                "description",
                                                                hostile,
                                                                "content",
                                                                Map.of(
                                                                        "application/json",
                                                                        Map.of(
                                                                                "example",
                                                                                Map.of(hostile, hostile))))))))));
        assertFalse(html.contains("<script"));
        assertFalse(html.contains("<b>"));
    }

    @Test
    void refusesAStylesheetThatCouldLeaveItsElement() {
        assertThrows(IllegalStateException.class, () -> Page.of("<style></style>", "</style><script>"));
    }
}
