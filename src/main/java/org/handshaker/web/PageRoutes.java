// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.handshaker.core.Cost;
import org.jspecify.annotations.Nullable;

/** The relay's pages for people: the front page, the contract as a page, and the contract itself. */
public final class PageRoutes {
    private static final String HTML = "text/html;charset=utf-8";
    /** RFC 9512. */
    private static final String YAML = "application/yaml";

    private static final String NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'";

    private final Reply front = page(Page.of(Page.resource("index.html"), Page.resource("page.css")));
    private final String contract = Page.resource("/org/handshaker/openapi.yaml");
    private final Reply yaml = Reply.page(YAML, contract, NOTHING_ALLOWED);
    private volatile @Nullable Reply docs;

    public List<Route> routes() {
        return List.of(
                Route.get("/", Access.ANYONE, call -> front).costs(Cost.NOTHING),
                Route.get("/docs", Access.ANYONE, call -> docs()).costs(Cost.NOTHING),
                Route.get("/openapi.yaml", Access.ANYONE, call -> yaml).costs(Cost.NOTHING));
    }

    /** Rendered at the first call, not at start: most relays serve it rarely, and YAML is slow to read. */
    private Reply docs() {
        @Nullable Reply page = docs;
        if (page == null) {
            page = page(render(contract));
            docs = page;
        }
        return page;
    }

    private static Reply page(Page page) {
        return Reply.page(HTML, page.html(), page.contentSecurityPolicy());
    }

    static Page render(String contract) {
        try {
            byte[] yaml = contract.getBytes(StandardCharsets.UTF_8);
            return Page.of(DocsPage.render(Json.yaml(new ByteArrayInputStream(yaml))), Page.resource("page.css"));
        } catch (IOException unreadable) {
            throw new IllegalStateException("the contract in this jar is no YAML", unreadable);
        }
    }
}
