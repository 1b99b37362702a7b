// SPDX-License-Identifier: MIT
package org.handshaker.web;

import static org.handshaker.web.Prose.escape;
import static org.handshaker.web.Prose.inline;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Renders {@code /docs} from the contract, as one page that needs no script and loads nothing: most of its readers run Tor
 * Browser in its safest mode. Everything that comes from the contract is escaped, and no element carries a style or an
 * event, so the page can be served under a policy that allows one stylesheet by its hash and nothing else.
 */
final class DocsPage {
    private static final Set<String> METHODS = Set.of("get", "post", "put", "patch", "delete");

    private final Node contract;
    private final StringBuilder html = new StringBuilder(128 * 1024);

    private DocsPage(Node contract) {
        this.contract = contract;
    }

    /** The whole page; its {@code <style>} is left empty for {@link Page} to fill. */
    static String render(Map<String, Object> openApi) {
        DocsPage page = new DocsPage(Node.of(openApi));
        page.write();
        return page.html.toString();
    }

    private void write() {
        Node info = contract.at("info");
        html.append(
                """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <title>%1$s · the contract</title>
                <style></style>
                </head>
                <body class="docs">
                <a class="skip" href="#content">Skip to the content</a>
                <header class="top"><a class="brand" href="/">%1$s</a>
                <p>%2$s</p></header>
                <div class="columns">
                """
                        .formatted(
                                escape(info.at("title").text()),
                                inline(info.at("summary").text())));
        List<Operation> operations = operations();
        contents(operations);
        html.append("<main id=\"content\">\n<h1>The contract</h1>\n<section id=\"conventions\">\n")
                .append("<h2>Conventions</h2>\n")
                .append(Prose.paragraphs(info.at("description").text()))
                .append("<h3>Signing in</h3>\n")
                .append(Prose.paragraphs(contract.at("components")
                        .at("securitySchemes")
                        .at("bearer")
                        .at("description")
                        .text()))
                .append(
                        "<p>The same contract for machines: <a href=\"/openapi.yaml\">openapi.yaml</a>.</p>\n</section>\n");
        for (Node tag : contract.at("tags").items()) {
            String name = tag.at("name").text();
            html.append("<section id=\"%s\">\n<h2>%s</h2>\n".formatted(anchor(name), escape(name)))
                    .append(Prose.paragraphs(tag.at("description").text()));
            operations.stream()
                    .filter(operation -> operation.tag().equals(name))
                    .forEach(this::describe);
            html.append("</section>\n");
        }
        commonAnswers();
        html.append("</main>\n</div>\n<footer><p>Version ")
                .append(escape(info.at("version").text()))
                .append(" · ")
                .append(escape(info.at("license").at("name").text()))
                .append(" licence · this page runs no script and loads nothing from elsewhere</p></footer>\n")
                .append("</body>\n</html>\n");
    }

    /** One call; aliases are paths whose item only points to another path's. */
    private record Operation(String method, String path, Node node, List<Node> parameters, List<String> aliases) {
        String id() {
            return node.at("operationId").text();
        }

        String tag() {
            return node.at("tags").items().get(0).text();
        }
    }

    private List<Operation> operations() {
        List<Operation> operations = new ArrayList<>();
        for (Node.Member path : contract.at("paths").members()) {
            if (path.node().at("$ref").isThere()) {
                continue;
            }
            String pointer = "#/paths/" + path.name().replace("~", "~0").replace("/", "~1");
            List<String> aliases = contract.at("paths").members().stream()
                    .filter(other -> other.node().at("$ref").text().equals(pointer))
                    .map(Node.Member::name)
                    .toList();
            for (Node.Member call : path.node().members()) {
                if (METHODS.contains(call.name())) {
                    List<Node> parameters =
                            new ArrayList<>(path.node().at("parameters").items());
                    parameters.addAll(call.node().at("parameters").items());
                    operations.add(new Operation(call.name(), path.name(), call.node(), parameters, aliases));
                }
            }
        }
        return operations;
    }

    private void contents(List<Operation> operations) {
        html.append("<nav aria-label=\"Contents\">\n<ul>\n<li><a href=\"#conventions\">Conventions</a></li>\n");
        for (Node tag : contract.at("tags").items()) {
            String name = tag.at("name").text();
            html.append("<li><a href=\"#%s\">%s</a>\n<ul>\n".formatted(anchor(name), escape(name)));
            for (Operation operation : operations) {
                if (operation.tag().equals(name)) {
                    html.append("<li><a href=\"#%s\">%s</a></li>\n"
                            .formatted(
                                    escape(operation.id()),
                                    escape(operation.node().at("summary").text())));
                }
            }
            html.append("</ul></li>\n");
        }
        html.append("<li><a href=\"#answers\">Common answers</a></li>\n</ul>\n</nav>\n");
    }

    private void describe(Operation operation) {
        Node node = operation.node();
        String id = escape(operation.id());
        html.append("<article id=\"%s\" aria-labelledby=\"%s-title\">\n".formatted(id, id))
                .append("<h3 id=\"%s-title\">%s</h3>\n"
                        .formatted(id, escape(node.at("summary").text())))
                .append(
                        "<p class=\"call\"><span class=\"method %s\">%s</span> <code>%s</code> <span class=\"access\">%s</span></p>\n"
                                .formatted(
                                        operation.method(),
                                        operation.method().toUpperCase(Locale.ROOT),
                                        breakable(operation.path()),
                                        access(node)));
        if (!operation.aliases().isEmpty()) {
            html.append("<p class=\"aliases\">Also ")
                    .append(operation.aliases().stream()
                            .map(alias -> "<code>" + escape(alias) + "</code>")
                            .collect(Collectors.joining(" and ")))
                    .append("</p>\n");
        }
        html.append(Prose.paragraphs(node.at("description").text()));
        parameters(operation.parameters());
        body(node.at("requestBody").resolved());
        answers(node.at("responses"));
        html.append("</article>\n");
    }

    private String access(Node operation) {
        Node security = operation.at("security");
        if (!security.isThere()) {
            return "signed in";
        }
        return security.items().isEmpty() ? "anyone" : "signed in, now or by the first frame";
    }

    private void parameters(List<Node> parameters) {
        if (parameters.isEmpty()) {
            return;
        }
        table(
                "Parameters",
                parameters.stream()
                        .map(Node::resolved)
                        .map(parameter -> new Fields.Field(
                                parameter.at("name").text(),
                                parameter.at("in").text() + ", " + Fields.type(parameter.at("schema")),
                                parameter.at("required").isTrue() ? Fields.Need.REQUIRED : Fields.Need.OPTIONAL,
                                parameter.at("description").text()))
                        .toList());
    }

    private void body(Node body) {
        if (!body.isThere()) {
            return;
        }
        Node json = body.at("content").at("application/json");
        table("Body, at most " + Fields.number(body.at("x-body-max")) + " bytes", Fields.of(json.at("schema")));
        example("Example of the body", json);
    }

    private void answers(Node responses) {
        List<String> common = new ArrayList<>();
        for (Node.Member answer : responses.members()) {
            Node response = answer.node().resolved();
            if (response.at("x-common").isTrue()) {
                common.add("<a href=\"#answer-%1$s\">%1$s</a>".formatted(escape(answer.name())));
                continue;
            }
            html.append("<div class=\"answer\">\n<h4><span class=\"status s%s\">%s</span></h4>\n<div>\n"
                            .formatted(answer.name().charAt(0), escape(answer.name())))
                    .append(Prose.paragraphs(response.at("description").text()))
                    .append(codes(response));
            Node json = response.at("content").at("application/json");
            if (json.isThere()) {
                table("Answer", Fields.of(json.at("schema")));
                example("Example of the answer", json);
            }
            html.append("</div>\n</div>\n");
        }
        html.append("<p class=\"common\">As everywhere: ")
                .append(String.join(" · ", common))
                .append("</p>\n");
    }

    /** The machine names a problem document can carry here. */
    private String codes(Node response) {
        List<String> codes = new ArrayList<>();
        collectCodes(response.at("content").at("application/problem+json").at("schema"), codes);
        return codes.isEmpty()
                ? ""
                : codes.stream()
                        .map(code -> "<code>" + escape(code) + "</code>")
                        .collect(Collectors.joining(" ", "<p class=\"codes\">", "</p>\n"));
    }

    private void collectCodes(Node schemaOrReference, List<String> codes) {
        Node schema = schemaOrReference.resolved();
        Node code = schema.at("properties").at("code");
        if (code.at("const").isThere()) {
            codes.add(code.at("const").text());
        }
        code.at("enum").items().forEach(each -> codes.add(each.text()));
        schema.at("oneOf").items().forEach(each -> collectCodes(each, codes));
    }

    private void commonAnswers() {
        html.append("<section id=\"answers\">\n<h2>Common answers</h2>\n")
                .append("<p>What many calls can give, as <code>application/problem+json</code>.</p>\n");
        for (Node.Member named : contract.at("components").at("responses").members()) {
            Node response = named.node();
            if (response.at("x-common").isTrue()) {
                String status = statusOf(response);
                html.append(
                                "<div class=\"answer\" id=\"answer-%1$s\">\n<h4><span class=\"status s%2$s\">%1$s</span></h4>\n<div>\n"
                                        .formatted(escape(status), status.charAt(0)))
                        .append(Prose.paragraphs(response.at("description").text()))
                        .append(codes(response))
                        .append("</div>\n</div>\n");
            }
        }
        html.append("</section>\n");
    }

    private static String statusOf(Node response) {
        return response.at("content")
                .at("application/problem+json")
                .at("schema")
                .resolved()
                .at("properties")
                .at("status")
                .at("const")
                .text();
    }

    private void table(String caption, List<Fields.Field> fields) {
        if (fields.isEmpty()) {
            return;
        }
        html.append("<table>\n<caption>")
                .append(escape(caption))
                .append(
                        "</caption>\n<colgroup><col class=\"name\"><col></colgroup>\n<thead><tr><th scope=\"col\">Field</th><th scope=\"col\">Meaning</th></tr></thead>\n<tbody>\n");
        for (Fields.Field field : fields) {
            html.append("<tr><th scope=\"row\"><code>")
                    .append(breakable(field.name()))
                    .append("</code>")
                    .append(field.need() == Fields.Need.OPTIONAL ? " <small>optional</small>" : "")
                    .append("</th><td>")
                    .append(field.meaning().isBlank() ? "" : "<span>" + inline(field.meaning()) + "</span>")
                    .append("<small class=\"type\">")
                    .append(escape(field.type()))
                    .append("</small></td></tr>\n");
        }
        html.append("</tbody>\n</table>\n");
    }

    private void example(String label, Node content) {
        if (content.at("example").isThere()) {
            html.append("<pre tabindex=\"0\" aria-label=\"%s\"><code>".formatted(escape(label)))
                    .append(Prose.json(content.at("example").value()))
                    .append("</code></pre>\n");
        }
    }

    /** Long paths and field names may break after a slash, a dot or an underscore, so that a phone shows them whole. */
    private static String breakable(String name) {
        return escape(name).replace("/", "/<wbr>").replace(".", ".<wbr>").replace("_", "_<wbr>");
    }

    private static String anchor(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    }
}
