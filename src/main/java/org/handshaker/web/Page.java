// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * A page for people and the policy it is served under. The policy (CSP level 3) allows exactly one thing: the page's own
 * stylesheet, by its hash. No script, no image, no frame, no form, nothing from anywhere.
 */
record Page(String html, String contentSecurityPolicy) {
    private static final String STYLE_PLACE = "<style></style>";

    /** Puts the stylesheet into the empty {@code <style>} of {@code html}. */
    static Page of(String html, String stylesheet) {
        if (!html.contains(STYLE_PLACE) || stylesheet.contains("</")) {
            throw new IllegalStateException("a page has one empty style element, and a stylesheet no markup");
        }
        return new Page(
                html.replace(STYLE_PLACE, "<style>" + stylesheet + "</style>"),
                "default-src 'none'; style-src 'sha256-" + sha256(stylesheet)
                        + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    }

    /** A file beside this class, under {@code web/}. */
    static String resource(String name) {
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the jar lacks " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new IllegalStateException("the jar cannot be read", unreadable);
        }
    }

    private static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every Java has SHA-256", missing);
        }
    }
}
