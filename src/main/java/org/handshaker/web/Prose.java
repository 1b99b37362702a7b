// SPDX-License-Identifier: MIT
package org.handshaker.web;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Turns text of the contract into HTML. Everything is escaped first; only then do its few marks become elements. */
final class Prose {
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final Pattern STRONG = Pattern.compile("\\*\\*([^*]+)\\*\\*");
    private static final Pattern BLANK_LINE = Pattern.compile("\\n\\s*\\n");

    private Prose() {}

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    /** One run of text: {@code `code`} and {@code **strong**}. */
    static String inline(String text) {
        String safe = escape(text.strip());
        safe = CODE.matcher(safe).replaceAll("<code>$1</code>");
        return STRONG.matcher(safe).replaceAll("<strong>$1</strong>");
    }

    /** Paragraphs, parted by blank lines. */
    static String paragraphs(String text) {
        StringBuilder html = new StringBuilder();
        for (String paragraph : BLANK_LINE.split(text.strip(), -1)) {
            if (!paragraph.isBlank()) {
                html.append("<p>").append(inline(paragraph)).append("</p>\n");
            }
        }
        return html.toString();
    }

    /** An example as indented JSON, escaped. */
    static String json(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        write(value, "", out);
        return escape(out.toString());
    }

    private static void write(@Nullable Object value, String indent, StringBuilder out) {
        String deeper = indent + "  ";
        if (value instanceof Map<?, ?> map && !map.isEmpty()) {
            String separator = "{\n";
            for (Map.Entry<?, ?> member : map.entrySet()) {
                out.append(separator).append(deeper);
                write(String.valueOf(member.getKey()), deeper, out);
                out.append(": ");
                write(member.getValue(), deeper, out);
                separator = ",\n";
            }
            out.append('\n').append(indent).append('}');
        } else if (value instanceof List<?> list && !list.isEmpty()) {
            String separator = "[\n";
            for (Object item : list) {
                out.append(separator).append(deeper);
                write(item, deeper, out);
                separator = ",\n";
            }
            out.append('\n').append(indent).append(']');
        } else if (value instanceof Map) {
            out.append("{}");
        } else if (value instanceof List) {
            out.append("[]");
        } else if (value instanceof String text) {
            out.append('"')
                    .append(text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n"))
                    .append('"');
        } else {
            out.append(value);
        }
    }
}
