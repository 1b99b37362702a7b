// SPDX-License-Identifier: MIT
package org.handshaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.handshaker.core.Config;
import org.handshaker.core.Setting;
import org.handshaker.core.Unusable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SettingsTest {
    @TempDir
    private Path directory;

    @Test
    void anOptionBeatsAVariableBeatsTheFileBeatsTheDefault() throws IOException {
        Path file = file("password-min = 14\n");
        Map<String, String> environment = Map.of("HANDSHAKER_PASSWORD_MIN", "13");
        Map<Setting, String> options = Map.of(Setting.PASSWORD_MIN, "15");
        assertEquals(12, gather(Map.of(), Map.of(), null).passwordMin());
        assertEquals(14, gather(Map.of(), Map.of(), file).passwordMin());
        assertEquals(13, gather(Map.of(), environment, file).passwordMin());
        assertEquals(15, gather(options, environment, file).passwordMin());
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void everySettingIsAVariableAndAKey(Setting setting) throws IOException {
        gather(Map.of(), Map.of(setting.variable(), setting.fallback()), null);
        gather(Map.of(), Map.of(), file(setting.key() + "=" + setting.fallback() + "\n"));
    }

    @Test
    void whatNoSettingIsCalledIsAMistake() throws IOException {
        assertEquals(
                "There is no setting for the variable HANDSHAKER_LISTN.",
                sentence(Map.of("HANDSHAKER_LISTN", "x"), null));
        assertEquals(
                "The settings file names an unknown setting: listn.", sentence(Map.of(), file("listn=127.0.0.1:0\n")));
        assertEquals(
                "The settings file names an unknown setting: key_file.", sentence(Map.of(), file("key_file=/k\n")));
    }

    @Test
    void otherVariablesAreNobodysBusiness() {
        gather(Map.of(), Map.of("PATH", "/bin", "HANDSHAKERS", "x", "HANDSHAKER_CONFIG", "/nowhere"), null);
    }

    @Test
    void aFileThatCannotBeReadIsAMistake() throws IOException {
        assertEquals(
                "The settings file cannot be read: check --config.", sentence(Map.of(), directory.resolve("nowhere")));
        assertEquals("The settings file cannot be read: check --config.", sentence(Map.of(), directory));
        assertEquals("The settings file cannot be read: check --config.", sentence(Map.of(), file("tor=\\u00g0\n")));
    }

    @Test
    void aFileMayHaveCommentsAndBlanks() throws IOException {
        Config config = gather(Map.of(), Map.of(), file("# of mine\n\n  password-min  =  20  \n! too\nlinger: 3s\n"));
        assertEquals(20, config.passwordMin());
        assertEquals(3, config.linger().toSeconds());
    }

    private Config gather(Map<Setting, String> options, Map<String, String> environment, @Nullable Path file) {
        return Settings.gather(options, environment, file, directory);
    }

    private String sentence(Map<String, String> environment, @Nullable Path file) {
        return assertThrows(Unusable.class, () -> gather(Map.of(), environment, file))
                .sentence();
    }

    private Path file(String text) throws IOException {
        return Files.writeString(directory.resolve("settings"), text);
    }
}
