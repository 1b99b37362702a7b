// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The fields of a JSON Schema, flattened for a reader: {@code users[].username}, its type and bounds in words. */
final class Fields {
    /** One field as a person reads it. */
    record Field(String name, String type, Need need, String meaning) {}

    enum Need {
        REQUIRED,
        OPTIONAL
    }

    private Fields() {}

    static List<Field> of(Node schema) {
        List<Node> alternatives = schema.resolved().at("oneOf").items();
        if (alternatives.isEmpty()) {
            List<Field> fields = new ArrayList<>();
            collect(schema.resolved(), "", fields);
            return fields;
        }
        return merged(alternatives.stream().map(Fields::of).toList());
    }

    /** One list for several alternatives: what not all of them demand is optional. */
    private static List<Field> merged(List<List<Field>> alternatives) {
        Map<String, Field> byName = new LinkedHashMap<>();
        alternatives.forEach(fields -> fields.forEach(field -> byName.putIfAbsent(field.name(), field)));
        return byName.values().stream()
                .map(field -> alternatives.stream()
                                .allMatch(fields -> fields.stream().anyMatch(other -> isRequired(other, field.name())))
                        ? field
                        : new Field(field.name(), field.type(), Need.OPTIONAL, field.meaning()))
                .toList();
    }

    private static boolean isRequired(Field field, String name) {
        return field.need() == Need.REQUIRED && field.name().equals(name);
    }

    private static void collect(Node schema, String prefix, List<Field> fields) {
        Set<String> required =
                schema.at("required").items().stream().map(Node::text).collect(Collectors.toSet());
        for (Node.Member member : schema.at("properties").members()) {
            Node field = member.node().resolved();
            String name = prefix + member.name();
            Need need = required.contains(member.name()) ? Need.REQUIRED : Need.OPTIONAL;
            fields.add(new Field(name, type(field), need, meaning(member.node())));
            if ("array".equals(field.at("type").text())) {
                collect(field.at("items").resolved(), name + "[].", fields);
            } else {
                collect(field, name + ".", fields);
            }
        }
    }

    /** A description beside the reference is closer to the reader than the one behind it. */
    private static String meaning(Node field) {
        Node own = field.at("description");
        return own.isThere() ? own.text() : field.resolved().at("description").text();
    }

    /** {@code string, 12 to 128 characters}, {@code one of accept, decline}, {@code integer, 0 to 30}. */
    static String type(Node schemaOrReference) {
        Node schema = schemaOrReference.resolved();
        if (schema.at("const").isThere()) {
            return "always " + schema.at("const").text();
        }
        if (schema.at("enum").isThere()) {
            return "one of "
                    + schema.at("enum").items().stream().map(Node::text).collect(Collectors.joining(", "));
        }
        if (schema.at("oneOf").isThere()) {
            return schema.at("oneOf").items().stream().map(Fields::type).collect(Collectors.joining(" or "));
        }
        String type = schema.at("type").text();
        return switch (type) {
            case "" -> "anything";
            case "array" -> "list of " + type(schema.at("items")) + bounds(schema, "minItems", "maxItems", " entries");
            case "string" -> text(schema);
            case "integer" -> "integer" + bounds(schema, "minimum", "maximum", "");
            case "object" ->
                schema.at("additionalProperties").at("oneOf").isThere()
                        ? "object of " + type(schema.at("additionalProperties"))
                        : "object";
            default -> type;
        };
    }

    private static String text(Node schema) {
        return switch (schema.at("format").text()) {
            case "date-time" -> "time";
            case "date" -> "day";
            default -> "string" + bounds(schema, "minLength", "maxLength", " characters");
        };
    }

    private static String bounds(Node schema, String lowest, String highest, String unit) {
        Node low = schema.at(lowest);
        Node high = schema.at(highest);
        // The largest long is the end of the number line, not a limit worth reading.
        boolean limited = high.isThere() && !high.text().equals(Long.toString(Long.MAX_VALUE));
        if (low.isThere() && limited && low.text().equals(high.text())) {
            return ", " + number(low) + unit;
        }
        if (low.isThere() && limited) {
            return ", " + number(low) + " to " + number(high) + unit;
        }
        if (limited) {
            return ", at most " + number(high) + unit;
        }
        return low.isThere() && !"0".equals(low.text()) ? ", at least " + number(low) + unit : "";
    }

    static String number(Node node) {
        return node.value() instanceof Number number
                ? String.format(Locale.ROOT, "%,d", number.longValue())
                : node.text();
    }
}
