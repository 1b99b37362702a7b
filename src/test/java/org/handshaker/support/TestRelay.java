// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.handshaker.Announcer;
import org.handshaker.Relay;
import org.handshaker.core.Config;
import org.handshaker.core.Setting;
import org.handshaker.store.Database;
import org.handshaker.web.Route;

/**
 * The real relay in this process, on a free loopback port with a directory of its own: no Tor, no rates, cheap password
 * hashes. Anything else is said by options, as on the command line.
 */
public final class TestRelay implements AutoCloseable {
    private final Path directory;
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final Relay relay;
    private final String address;

    private TestRelay(Path directory, InstantSource time, List<String> options) {
        this.directory = directory;
        Map<Setting, String> settings = new EnumMap<>(Setting.class);
        settings.put(Setting.LISTEN, "127.0.0.1:0");
        settings.put(Setting.DATA, directory.resolve("data").toString());
        settings.put(Setting.KEY_FILE, directory.resolve("key").toString());
        settings.put(Setting.TOR, "none");
        settings.put(Setting.LIMITS, "off");
        settings.put(Setting.PUZZLE, "off");
        settings.put(Setting.ARGON2, "m=1024,t=1,p=1");
        for (String option : options) {
            int equals = option.indexOf('=');
            settings.put(Setting.ofKey(option.substring(2, equals)).orElseThrow(), option.substring(equals + 1));
        }
        PrintStream stream = new PrintStream(said, true, StandardCharsets.UTF_8);
        this.relay = new Relay(new Config(settings, directory), time, new Announcer(stream, stream));
        this.address = relay.start();
    }

    /** @param options such as {@code --linger=0s} */
    public static TestRelay start(String... options) {
        return start(InstantSource.system(), options);
    }

    public static TestRelay start(InstantSource time, String... options) {
        try {
            return new TestRelay(Files.createTempDirectory("relay"), time, Arrays.asList(options));
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /** Over files that an earlier relay left. */
    public static TestRelay startIn(Path directory, InstantSource time, String... options) {
        return new TestRelay(directory, time, Arrays.asList(options));
    }

    /** {@code http://127.0.0.1:PORT} */
    public String address() {
        return address;
    }

    public List<Route> routes() {
        return relay.routes();
    }

    /** The store beneath, which the relay shows to nobody: for tests that keep it busy. */
    public Database database() {
        try {
            Field database = Relay.class.getDeclaredField("database");
            database.setAccessible(true);
            return (Database) database.get(relay);
        } catch (ReflectiveOperationException renamed) {
            throw new IllegalStateException(renamed);
        }
    }

    public Path directory() {
        return directory;
    }

    /** Everything the relay has printed. */
    public String said() {
        return said.toString(StandardCharsets.UTF_8);
    }

    /** Stops the relay and leaves its files. */
    public void stop() {
        relay.close();
    }

    @Override
    public void close() {
        relay.close();
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(java.io.File::delete);
        } catch (IOException leftBehind) {
            throw new UncheckedIOException(leftBehind);
        }
    }
}
