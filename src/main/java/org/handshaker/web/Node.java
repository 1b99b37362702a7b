// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One place in a parsed YAML or JSON document, which knows the whole document and so can follow {@code $ref}. Absent places
 * are nodes too, so that reading a contract needs no null checks.
 */
final class Node {
    private static final int REFERENCES_MAX = 8;

    private final Object root;
    private final @Nullable Object value;

    private Node(Object root, @Nullable Object value) {
        this.root = root;
        this.value = value;
    }

    static Node of(Map<String, Object> document) {
        return new Node(document, document);
    }

    Node at(String key) {
        return new Node(root, value instanceof Map<?, ?> map ? map.get(key) : null);
    }

    boolean isThere() {
        return value != null;
    }

    boolean isTrue() {
        return Boolean.TRUE.equals(value);
    }

    /** The scalar as text; empty where there is none. */
    String text() {
        return value == null ? "" : value.toString();
    }

    @Nullable
    Object value() {
        return value;
    }

    /** What a {@code $ref} points to (RFC 6901 within this document), or this node itself. */
    Node resolved() {
        Node here = this;
        for (int i = 0; i < REFERENCES_MAX && here.at("$ref").isThere(); i++) {
            Node there = new Node(root, root);
            for (String step : here.at("$ref").text().substring("#/".length()).split("/", -1)) {
                there = there.at(step.replace("~1", "/").replace("~0", "~"));
            }
            if (!there.isThere()) {
                throw new IllegalStateException(
                        "the contract points to nothing: " + here.at("$ref").text());
            }
            here = there;
        }
        return here;
    }

    /** The last step of this node's {@code $ref}; empty where it has none. */
    String referenceName() {
        String reference = at("$ref").text();
        return reference.substring(reference.lastIndexOf('/') + 1);
    }

    List<Node> items() {
        List<Node> items = new ArrayList<>();
        if (value instanceof List<?> list) {
            list.forEach(item -> items.add(new Node(root, item)));
        }
        return items;
    }

    List<Member> members() {
        List<Member> members = new ArrayList<>();
        if (value instanceof Map<?, ?> map) {
            map.forEach((name, member) -> members.add(new Member(String.valueOf(name), new Node(root, member))));
        }
        return members;
    }

    record Member(String name, Node node) {}
}
