// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import org.handshaker.core.Config;
import org.handshaker.core.Setting;
import org.handshaker.core.Unusable;
import org.jspecify.annotations.Nullable;

/** Gathers the settings: an option beats a variable, a variable beats the file, the file beats the default. */
final class Settings {
    private Settings() {}

    static Config gather(
            Map<Setting, String> options, Map<String, String> environment, @Nullable Path file, Path home) {
        Map<Setting, String> given = new EnumMap<>(Setting.class);
        if (file != null) {
            given.putAll(fromFile(file));
        }
        given.putAll(fromEnvironment(environment));
        given.putAll(options);
        return new Config(given, home);
    }

    private static Map<Setting, String> fromFile(Path file) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IOException | IllegalArgumentException unreadable) {
            throw new Unusable("The settings file cannot be read: check --config.", unreadable);
        }
        Map<Setting, String> given = new EnumMap<>(Setting.class);
        for (String key : properties.stringPropertyNames()) {
            Setting setting = Setting.ofKey(key)
                    .orElseThrow(() -> new Unusable("The settings file names an unknown setting: " + key + "."));
            given.put(setting, properties.getProperty(key));
        }
        return given;
    }

    private static Map<Setting, String> fromEnvironment(Map<String, String> environment) {
        Map<Setting, String> given = new EnumMap<>(Setting.class);
        TreeSet<String> unknown = new TreeSet<>();
        environment.keySet().stream()
                .filter(name -> name.startsWith("HANDSHAKER_"))
                .forEach(unknown::add);
        unknown.remove("HANDSHAKER_CONFIG");
        for (Setting setting : Setting.values()) {
            @Nullable String value = environment.get(setting.variable());
            if (value != null) {
                given.put(setting, value);
                unknown.remove(setting.variable());
            }
        }
        if (!unknown.isEmpty()) {
            throw new Unusable("There is no setting for the variable " + unknown.first() + ".");
        }
        return given;
    }
}
