// SPDX-License-Identifier: MIT
package org.handshaker.support;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The contract as a judge: whatever a test sends and whatever the relay answers is held against {@code openapi.yaml}. An
 * undocumented path, status, content type, field or code fails the test that saw it, whatever that test was about.
 */
public final class OpenApi {
    private static final Set<String> METHODS = Set.of("get", "post", "put", "patch", "delete");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final OpenApi CONTRACT = read();

    private final JsonNode document;
    private final List<Operation> operations = new ArrayList<>();
    private final SchemaRegistry registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private final Map<String, Schema> schemas = new ConcurrentHashMap<>();

    /** One documented call; an alias is an operation of its own, with the alias as its path. */
    public record Operation(String method, String path, String id, Access access, long bodyBytesMax, String pointer) {
        public boolean takesBody() {
            return bodyBytesMax > 0;
        }

        int literals() {
            return (int) path.chars().filter(c -> c == '/').count()
                    - (int) path.chars().filter(c -> c == '{').count();
        }

        boolean matches(String actual) {
            String[] pattern = path.split("/", -1);
            String[] parts = actual.split("/", -1);
            if (pattern.length != parts.length) {
                return false;
            }
            for (int i = 0; i < pattern.length; i++) {
                boolean fits = pattern[i].startsWith("{") ? !parts[i].isEmpty() : pattern[i].equals(parts[i]);
                if (!fits) {
                    return false;
                }
            }
            return true;
        }
    }

    /** Who may call, as the file says it. */
    public enum Access {
        ANYONE,
        USER,
        /** Signs in by header or later, in the first frame of a socket. */
        EITHER
    }

    private OpenApi(JsonNode document) {
        this.document = document;
        document.at("/paths").properties().forEach(path -> {
            JsonNode item = resolve(path.getValue());
            String pointer = path.getValue().has("$ref")
                    ? path.getValue().get("$ref").asText()
                    : "#/paths/" + escaped(path.getKey());
            item.properties().stream()
                    .filter(call -> METHODS.contains(call.getKey()))
                    .forEach(call -> operations.add(operation(path.getKey(), call.getKey(), call.getValue(), pointer)));
        });
        // Of two paths that match, the one that spells out more is meant.
        operations.sort(Comparator.comparingInt(Operation::literals).reversed());
    }

    public static OpenApi contract() {
        return CONTRACT;
    }

    public JsonNode document() {
        return document;
    }

    public List<Operation> operations() {
        return List.copyOf(operations);
    }

    /** Fails unless the contract allows this answer to this request. {@code path} may carry a query. */
    public void check(String method, String path, int status, @Nullable String contentType, String body) {
        String bare = withoutQuery(path);
        String what = method + " " + bare + " answered " + status;
        String pointer = documented(method, bare, status)
                .orElseThrow(() -> new AssertionError(what + ", which the contract does not know. " + body));
        JsonNode response = at(pointer);
        if (!response.has("content")) {
            require(body.isEmpty() && contentType == null, what + " with a body the contract does not know: " + body);
            return;
        }
        String essence = essence(contentType);
        require(
                response.get("content").has(essence),
                what + " as " + contentType + ", which the contract does not know");
        if (essence.endsWith("json")) {
            validate(pointer + "/content/" + escaped(essence) + "/schema", body, what);
        }
    }

    /** Fails where the relay took a body that the contract does not allow; what is not read is not looked at. */
    public void checkTaken(String method, String path, String body) {
        if (find(method, withoutQuery(path)).map(Operation::takesBody).orElse(false)) {
            checkRequest(method, path, body);
        }
    }

    /** Fails unless the contract allows this body. */
    public void checkRequest(String method, String path, String body) {
        Operation operation = find(method, withoutQuery(path))
                .orElseThrow(() -> new AssertionError(method + " " + path + " is not in the contract"));
        if (body.isEmpty()) {
            require(!at(operation.pointer()).at("/requestBody/required").asBoolean(), path + " demands a body");
            return;
        }
        require(operation.takesBody(), method + " " + path + " takes no body");
        validate(
                operation.pointer() + "/requestBody/content/" + escaped("application/json") + "/schema",
                withoutNulls(body),
                method + " " + path + " took a body");
    }

    /** A field that is null is one that is left out, as the conventions say. */
    private static String withoutNulls(String body) {
        try {
            JsonNode json = JSON.readTree(body);
            if (json instanceof ObjectNode object) {
                object.properties().removeIf(field -> field.getValue().isNull());
            }
            return json.toString();
        } catch (IOException unreadable) {
            throw new AssertionError("the relay took what is no JSON: " + body, unreadable);
        }
    }

    /** The operation a request means; empty where the path or the method is not known. */
    public Optional<Operation> find(String method, String path) {
        return operations.stream()
                .filter(operation -> operation.method().equals(method) && operation.matches(path))
                .findFirst();
    }

    /** The methods that this path knows, through whichever templates match it. */
    public Set<String> methodsOf(String path) {
        return operations.stream()
                .filter(operation -> operation.matches(path))
                .map(Operation::method)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Faults of {@code json} under the schema at {@code pointer}; empty when it fits. */
    public List<String> faults(String pointer, String json) {
        Schema schema = schemas.computeIfAbsent(pointer, this::schema);
        return schema.validate(json, InputFormat.JSON).stream()
                .map(Error::toString)
                .toList();
    }

    /** Where the contract describes such an answer; empty where it knows none. */
    private Optional<String> documented(String method, String path, int status) {
        Optional<Operation> operation = find(method, path);
        if (operation.isPresent()) {
            String pointer = operation.get().pointer() + "/responses/" + status;
            JsonNode response = document.at(pointer.substring(1));
            if (response.isMissingNode()) {
                return Optional.empty();
            }
            return Optional.of(response.has("$ref") ? response.get("$ref").asText() : pointer);
        }
        boolean isKnownPath = operations.stream().anyMatch(each -> each.matches(path));
        String component =
                switch (status) {
                    case 400 -> "Malformed";
                    case 404 -> isKnownPath ? "" : "NotFound";
                    case 405 -> isKnownPath ? "MethodNotAllowed" : "";
                    case 421 -> "Misdirected";
                    case 503 -> "Unavailable";
                    default -> "";
                };
        return component.isEmpty() ? Optional.empty() : Optional.of("#/components/responses/" + component);
    }

    private void validate(String pointer, String json, String what) {
        List<String> faults = faults(pointer, json);
        require(faults.isEmpty(), what + " against the contract: " + faults + " in " + json.strip());
    }

    /** The schema keeps the whole document around it, so that its references find what they name. */
    private Schema schema(String pointer) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("$ref", pointer);
        root.set("components", document.get("components"));
        root.set("paths", document.get("paths"));
        return registry.getSchema(root);
    }

    private Operation operation(String path, String method, JsonNode node, String pathPointer) {
        JsonNode security = node.get("security");
        Access access = security == null ? Access.USER : security.isEmpty() ? Access.ANYONE : Access.EITHER;
        long bodyBytesMax = node.at("/requestBody/x-body-max").asLong(0);
        return new Operation(
                method.toUpperCase(Locale.ROOT),
                path,
                node.path("operationId").asText(),
                access,
                bodyBytesMax,
                pathPointer + "/" + method);
    }

    public JsonNode resolve(JsonNode node) {
        return node.has("$ref") ? resolve(at(node.get("$ref").asText())) : node;
    }

    /** What a pointer such as {@code #/components/schemas/Id} names. */
    public JsonNode at(String pointer) {
        JsonNode there = document.at(pointer.substring(1));
        require(!there.isMissingNode(), "the contract points to nothing: " + pointer);
        return there;
    }

    private static String escaped(String step) {
        return step.replace("~", "~0").replace("/", "~1");
    }

    private static String withoutQuery(String path) {
        int question = path.indexOf('?');
        return question < 0 ? path : path.substring(0, question);
    }

    private static String essence(@Nullable String contentType) {
        if (contentType == null) {
            return "";
        }
        int semicolon = contentType.indexOf(';');
        return (semicolon < 0 ? contentType : contentType.substring(0, semicolon)).strip();
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    private static OpenApi read() {
        try (InputStream in = OpenApi.class.getResourceAsStream("/org/handshaker/openapi.yaml")) {
            if (in == null) {
                throw new IllegalStateException("openapi.yaml is not on the class path");
            }
            return new OpenApi(new YAMLMapper().readTree(in));
        } catch (IOException unreadable) {
            throw new IllegalStateException("openapi.yaml is no YAML", unreadable);
        }
    }
}
