// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A promise whose test is gone is no promise: every test that docs/promises.md names is there. */
class PromisesTest {
    private static final Pattern NAMED = Pattern.compile("`([A-Z][A-Za-z]+Test)(?:\\.([a-z][A-Za-z]+))?`");

    @Test
    void everyTestThatIsNamedExists() throws IOException {
        Map<String, JavaClass> tests = new TreeMap<>();
        new ClassFileImporter()
                .withImportOption(new ImportOption.OnlyIncludeTests())
                .importPackages("org.handshaker")
                .forEach(type -> tests.put(type.getSimpleName(), type));
        Matcher named = NAMED.matcher(Files.readString(Path.of("docs", "promises.md")));
        TreeSet<String> missing = new TreeSet<>();
        int count = 0;
        while (named.find()) {
            count++;
            JavaClass test = tests.get(named.group(1));
            String method = named.group(2);
            if (test == null
                    || (method != null
                            && test.getAllMethods().stream()
                                    .noneMatch(known -> known.getName().equals(method)))) {
                missing.add(named.group());
            }
        }
        assertTrue(count > 40, "the page names its tests");
        assertEquals(new TreeSet<String>(), missing);
    }
}
