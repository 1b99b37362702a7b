// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.handshaker.core.Reason;
import org.handshaker.support.OpenApi;
import org.junit.jupiter.api.Test;

/** The contract is sound in itself, before any relay is held against it; and the judge that holds it is not asleep. */
class OpenApiTest {
    private static final Pattern PLACE = Pattern.compile("\\{([a-z_]+)}");

    private final OpenApi contract = OpenApi.contract();
    private final JsonNode document = contract.document();

    @Test
    void isWrittenInOpenApi31ForThisVersion() throws IOException {
        assertEquals("3.1.1", document.get("openapi").asText());
        try (InputStream in = OpenApiTest.class.getResourceAsStream("/org/handshaker/version.txt")) {
            assertTrue(in != null);
            String version = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
            assertEquals(version, document.at("/info/version").asText());
        }
    }

    @Test
    void everyReferenceLeadsSomewhereAndNothingLiesUnused() {
        Set<String> used = new HashSet<>();
        walk(document, "#", (pointer, node) -> {
            if (node.has("$ref")) {
                contract.at(node.get("$ref").asText());
                used.add(node.get("$ref").asText());
            }
        });
        List<String> unused = new ArrayList<>();
        for (String kind : List.of("schemas", "responses", "parameters", "headers")) {
            document.at("/components/" + kind).fieldNames().forEachRemaining(name -> {
                if (!used.contains("#/components/" + kind + "/" + name)) {
                    unused.add(kind + "/" + name);
                }
            });
        }
        assertEquals(List.of(), unused);
    }

    @Test
    void everyOperationIsDescribedOnceUnderAKnownTag() {
        Set<String> tags = new HashSet<>();
        document.get("tags").forEach(tag -> tags.add(tag.get("name").asText()));
        Set<String> ids = new HashSet<>();
        Set<String> pointers = new HashSet<>();
        for (OpenApi.Operation operation : contract.operations()) {
            if (!pointers.add(operation.pointer())) {
                continue; // An alias.
            }
            JsonNode node = contract.at(operation.pointer());
            assertTrue(ids.add(operation.id()), "twice: " + operation.id());
            assertTrue(node.hasNonNull("summary"), operation.id());
            assertEquals(1, node.get("tags").size(), operation.id());
            assertTrue(tags.contains(node.get("tags").get(0).asText()), operation.id());
            assertTrue(node.get("responses").size() > 1, operation.id());
        }
    }

    @Test
    void everyPlaceInAPathIsAParameter() {
        for (OpenApi.Operation operation : contract.operations()) {
            String item = operation.pointer().substring(0, operation.pointer().lastIndexOf('/'));
            Set<String> named = new TreeSet<>();
            contract.at(item)
                    .path("parameters")
                    .forEach(parameter ->
                            named.add(contract.resolve(parameter).get("name").asText()));
            Set<String> places = PLACE.matcher(operation.path())
                    .results()
                    .map(match -> match.group(1))
                    .collect(Collectors.toCollection(TreeSet::new));
            assertEquals(places, named, operation.path());
        }
    }

    @Test
    void everyBodyHasALimitAndEverySignedInCallCanBeRefused() {
        for (OpenApi.Operation operation : contract.operations()) {
            JsonNode node = contract.at(operation.pointer());
            if (node.has("requestBody")) {
                assertTrue(operation.bodyBytesMax() > 0, operation.id());
                assertTrue(node.at("/requestBody/content").has("application/json"), operation.id());
            }
            JsonNode responses = node.get("responses");
            for (String status : List.of("400", "421", "500", "503")) {
                assertTrue(responses.has(status), operation.id() + " lacks " + status);
            }
            if (operation.access() != OpenApi.Access.ANYONE) {
                assertTrue(responses.has("401"), operation.id() + " lacks 401");
            }
        }
    }

    @Test
    void everyObjectIsClosed() {
        walk(document.get("components"), "#/components", (pointer, node) -> {
            boolean isClosed = node.path("additionalProperties").isObject()
                    || (node.has("additionalProperties")
                            && !node.get("additionalProperties").asBoolean())
                    || (node.has("unevaluatedProperties")
                            && !node.get("unevaluatedProperties").asBoolean());
            // Problem is the open half that every closed problem builds on.
            if (node.path("properties").isObject() && !pointer.equals("#/components/schemas/Problem")) {
                assertTrue(isClosed, pointer + " takes anything");
            }
        });
    }

    @Test
    void everyExampleFitsItsSchema() {
        List<String> faults = new ArrayList<>();
        walk(document, "#", (pointer, node) -> {
            if (node.has("example") && node.has("schema")) {
                contract.faults(pointer + "/schema", node.get("example").toString())
                        .forEach(fault -> faults.add(pointer + ": " + fault));
            }
        });
        assertEquals(List.of(), faults);
    }

    @Test
    void namesEveryReasonWithItsStatusAndNoOther() {
        Set<String> documented = new TreeSet<>();
        walk(document, "#", (pointer, node) -> {
            JsonNode code = node.at("/properties/code");
            if (node.at("/properties/status").has("const")) {
                String status = node.at("/properties/status/const").asText();
                code.path("enum").forEach(each -> documented.add(status + " " + each.asText()));
                if (code.has("const")) {
                    documented.add(status + " " + code.get("const").asText());
                }
            }
        });
        // Said in a frame only, so no answer holds them.
        for (Reason inFrames : List.of(Reason.TOO_MANY_SOCKETS, Reason.ROOM_FULL)) {
            assertTrue(contract.at("#/paths/~1ws/get/description").asText().contains(inFrames.code()));
            documented.add(inFrames.status() + " " + inFrames.code());
        }
        Set<String> reasons = Arrays.stream(Reason.values())
                .map(reason -> reason.status() + " " + reason.code())
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(reasons, documented);
    }

    @Test
    void theJudgePassesWhatIsDocumented() {
        contract.check("GET", "/health", 200, "application/json", "{\"status\":\"ok\"}   ");
        contract.check("GET", "/users/@search?x=1", 404, "application/problem+json", problem(404, "not_found"));
        contract.check("POST", "/nowhere", 404, "application/problem+json", problem(404, "not_found"));
        contract.check("PUT", "/health", 405, "application/problem+json", problem(405, "method_not_allowed"));
        contract.check("DELETE", "/connections/@bob", 204, null, "");
        contract.checkRequest("POST", "/auth/logout", "");
        contract.checkRequest("POST", "/auth/login", "{\"username\":\"alice\",\"password\":\"x\"}");
    }

    @Test
    void theJudgeCatchesWhatIsNot() {
        refuses(() -> contract.check("GET", "/health", 418, "application/json", "{}"));
        refuses(() -> contract.check("GET", "/health", 200, "text/plain", "{\"status\":\"ok\"}"));
        refuses(() -> contract.check("GET", "/health", 200, "application/json", "{\"status\":\"ok\",\"users\":3}"));
        refuses(() -> contract.check("GET", "/health", 200, "application/json", "{\"status\":\"fine\"}"));
        refuses(() -> contract.check("GET", "/nowhere", 200, "application/json", "{}"));
        refuses(() -> contract.check("GET", "/health", 404, "application/problem+json", problem(404, "not_found")));
        refuses(() -> contract.check("DELETE", "/connections/@bob", 204, "application/json", "{}"));
        refuses(() -> contract.check("POST", "/events", 429, "application/problem+json", problem(429, "busy")));
        refuses(() -> contract.check("POST", "/events", 429, "application/problem+json", problem(503, "queue_full")));
        refuses(() -> contract.checkRequest("POST", "/auth/login", "{\"username\":\"alice\"}"));
        refuses(() -> contract.checkRequest("POST", "/auth/login", ""));
        refuses(() -> contract.checkRequest("DELETE", "/signaling/clear", "{}"));
    }

    private static void refuses(org.junit.jupiter.api.function.Executable check) {
        assertThrows(AssertionError.class, check);
    }

    private static String problem(int status, String code) {
        return "{\"type\":\"about:blank\",\"title\":\"t\",\"status\":" + status + ",\"detail\":\"d\",\"code\":\"" + code
                + "\"}";
    }

    private static void walk(JsonNode node, String pointer, BiConsumer<String, JsonNode> visit) {
        visit.accept(pointer, node);
        if (node.isObject()) {
            node.properties()
                    .forEach(member -> walk(
                            member.getValue(),
                            pointer + "/" + member.getKey().replace("~", "~0").replace("/", "~1"),
                            visit));
        } else if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                walk(node.get(i), pointer + "/" + i, visit);
            }
        }
    }
}
