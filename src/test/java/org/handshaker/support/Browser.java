// SPDX-License-Identifier: MIT
package org.handshaker.support;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * A real Chromium without script and without a network: everything but the one origin it is shown goes to a proxy that only
 * writes down what was asked of it. Where no Chromium is installed the tests fail and say so; {@code scripts/test} installs it.
 */
public final class Browser implements AutoCloseable {
    private static final List<String> NAMES = List.of("chromium", "chromium-browser", "google-chrome-stable");
    private static final int SECONDS_MAX = 60;
    /** Everything by which Chromium speaks of its own accord, switched off. */
    private static final List<String> QUIET = List.of(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--no-first-run",
            "--no-pings",
            "--disable-sync",
            "--disable-extensions",
            "--disable-default-apps",
            "--disable-component-update",
            "--disable-domain-reliability",
            "--disable-background-networking",
            "--disable-client-side-phishing-detection",
            "--disable-features=OptimizationHints,MediaRouter,Translate",
            "--enable-logging=stderr");

    private final Path program;
    private final Path profile;
    private final ServerSocket proxy;
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final Set<String> errands =
            new HashSet<>(Set.of("update.googleapis.com", "accounts.google.com", "clients2.google.com"));

    private Browser(Path program, Path profile, ServerSocket proxy) {
        this.program = program;
        this.profile = profile;
        this.proxy = proxy;
    }

    public static Browser open() {
        try {
            Path profile = Files.createTempDirectory("browser");
            // As in its settings; the switch that turns script off also turns off what dumps the page.
            Path settings = Files.createDirectories(profile.resolve("profile").resolve("Default"));
            Files.writeString(
                    settings.resolve("Preferences"),
                    "{\"profile\":{\"default_content_setting_values\":{\"javascript\":2}}}");
            Browser browser =
                    new Browser(installed(), profile, new ServerSocket(0, 64, InetAddress.getLoopbackAddress()));
            Thread recorder = new Thread(browser::record, "recording proxy");
            recorder.setDaemon(true);
            recorder.start();
            browser.learnErrands();
            return browser;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /**
     * What came of one page.
     *
     * @param picture the page as it looks
     * @param complaints what the console had to say
     * @param askedElsewhere request lines that went to the proxy
     */
    public record Visit(String dom, BufferedImage picture, List<String> complaints, List<String> askedElsewhere) {}

    /** Loads a page twice, for its DOM and for its looks. */
    public Visit visit(String url) {
        asked.clear();
        try {
            Path log = Files.createTempFile(profile, "log", ".txt");
            String dom = run(url, log, "--dump-dom");
            Path png = profile.resolve("page.png");
            run(url, log, "--window-size=1000,1400", "--screenshot=" + png);
            List<String> complaints = Files.readString(log, UTF_8)
                    .lines()
                    .filter(line -> line.contains("CONSOLE"))
                    .toList();
            BufferedImage picture = ImageIO.read(png.toFile());
            Files.delete(png);
            List<String> askedElsewhere = asked.stream()
                    .filter(line -> !errands.contains(hostOf(line)))
                    .toList();
            return new Visit(dom, picture, complaints, askedElsewhere);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** No switch keeps Chromium from asking its makers for updates; whom it asks while it shows nothing is not the page's doing. */
    private void learnErrands() {
        visit("data:text/html,nothing").askedElsewhere().forEach(line -> errands.add(hostOf(line)));
        asked.clear();
    }

    private static String hostOf(String requestLine) {
        return requestLine.replaceFirst("^[A-Z]+ (?:https?://)?([^/: ]+).*$", "$1");
    }

    private String run(String url, Path log, String... mode) throws IOException {
        // The proxy takes even loopback, all but the page's own origin.
        String own = url.replaceFirst("^http://([^/]+)/.*$", "$1");
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(QUIET);
        command.addAll(List.of(
                "--user-data-dir=" + profile.resolve("profile"),
                "--proxy-server=http://127.0.0.1:" + proxy.getLocalPort(),
                "--proxy-bypass-list=<-loopback>" + (own.equals(url) ? "" : ";" + own)));
        command.addAll(List.of(mode));
        command.add(url);
        Path out = Files.createTempFile(profile, "out", ".html");
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        try {
            if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("Chromium did not come back from " + url + ": " + Files.readString(log));
            }
        } catch (InterruptedException stopped) {
            throw new IllegalStateException("interrupted while Chromium ran", stopped);
        }
        return Files.readString(out, UTF_8);
    }

    private void record() {
        while (!proxy.isClosed()) {
            try (Socket caller = proxy.accept()) {
                byte[] first = new byte[2_048];
                int length = caller.getInputStream().read(first);
                asked.add(
                        length < 0
                                ? ""
                                : new String(first, 0, length, UTF_8)
                                        .lines()
                                        .findFirst()
                                        .orElse(""));
                caller.getOutputStream()
                        .write("HTTP/1.1 502 Nothing there\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                                .getBytes(UTF_8));
            } catch (IOException closed) {
                // Either the test is over, or Chromium thought better of it.
            }
        }
    }

    private static Path installed() {
        for (String directory : System.getenv("PATH").split(":", -1)) {
            for (String name : NAMES) {
                Path program = Path.of(directory, name);
                if (Files.isExecutable(program)) {
                    return program;
                }
            }
        }
        throw new AssertionError(
                "no Chromium on the PATH: scripts/test installs it, or run with -Dexcluded.tests=soak,browser");
    }

    @Override
    public void close() {
        try {
            proxy.close();
            try (Stream<Path> files = Files.walk(profile)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
