// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.handshaker.client.Demo;
import org.handshaker.core.Config;
import org.handshaker.core.Setting;
import org.handshaker.core.Unusable;
import org.handshaker.web.WebServer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The command line. Only here are the environment and the standard streams touched. */
public final class Main {
    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int UNUSABLE = 2;

    private Main() {}

    public static void main(String[] arguments) {
        // java.net.Socket would tell a SOCKS proxy who is logged in; nothing here uses it, and this is the belt to
        // that.
        System.setProperty("java.net.socks.username", "x");
        System.exit(run(arguments, System.out, System.err));
    }

    static int run(String[] arguments, PrintStream out, PrintStream err) {
        CommandSpec serve = serveSpec();
        CommandSpec demo = demoSpec();
        CommandSpec root = CommandSpec.create()
                .name("handshaker")
                .mixinStandardHelpOptions(true)
                .version("handshaker " + version())
                .addSubcommand("serve", serve)
                .addSubcommand("demo", demo);
        root.usageMessage().description("A Tor-first relay for people who agreed to talk.");
        CommandLine commands = new CommandLine(root)
                .setOut(new java.io.PrintWriter(out, true, StandardCharsets.UTF_8))
                .setErr(new java.io.PrintWriter(err, true, StandardCharsets.UTF_8))
                .setUsageHelpAutoWidth(true)
                .setExecutionStrategy(parsed -> execute(parsed, out, err))
                .setParameterExceptionHandler((mistake, given) -> mistaken(mistake, err));
        return commands.execute(arguments);
    }

    private static CommandSpec serveSpec() {
        CommandSpec spec = CommandSpec.create().name("serve").mixinStandardHelpOptions(true);
        spec.version("handshaker " + version());
        spec.usageMessage()
                .description("Runs the relay. Each setting is an option, a HANDSHAKER_… variable, or a line of a"
                        + " properties file; the first of these that is there counts.")
                .abbreviateSynopsis(true)
                .sortOptions(false);
        spec.addOption(OptionSpec.builder("--config")
                .type(Path.class)
                .paramLabel("FILE")
                .description("Properties file with settings, named as the options without dashes. [HANDSHAKER_CONFIG]")
                .build());
        for (Setting setting : Setting.values()) {
            String fallback = setting.fallback().isEmpty() ? "not set" : setting.fallback();
            spec.addOption(OptionSpec.builder("--" + setting.key())
                    .type(String.class)
                    .paramLabel("VALUE")
                    .description(
                            plain(setting.meaning() + "."),
                            plain("Takes: " + setting.takes() + ". [" + setting.variable() + "]"),
                            plain("Default: " + fallback))
                    .build());
        }
        return spec;
    }

    /** Picocli formats descriptions: a percent sign would be a directive. */
    private static String plain(String text) {
        return text.replace("%", "%%");
    }

    private static CommandSpec demoSpec() {
        CommandSpec spec = CommandSpec.create().name("demo").mixinStandardHelpOptions(true);
        spec.version("handshaker " + version());
        spec.usageMessage()
                .description("Makes two throw-away users who register, find each other, connect and exchange an offer,"
                        + " an answer and ICE candidates, then deletes both.");
        spec.addOption(OptionSpec.builder("--relay")
                .type(String.class)
                .paramLabel("URL")
                .defaultValue("http://127.0.0.1:8480")
                .description("The relay: http://127.0.0.1:PORT, unix:PATH or http://….onion. Default: ${DEFAULT-VALUE}")
                .build());
        spec.addOption(OptionSpec.builder("--socks")
                .type(String.class)
                .paramLabel("HOST:PORT")
                .description("Tor's SOCKS port, needed for an onion address.")
                .build());
        return spec;
    }

    private static int execute(ParseResult parsed, PrintStream out, PrintStream err) {
        @Nullable Integer help = CommandLine.executeHelpRequest(parsed);
        if (help != null) {
            return help;
        }
        if (!parsed.hasSubcommand()) {
            err.println("Say what to do: serve or demo. Try --help.");
            return UNUSABLE;
        }
        ParseResult command = parsed.subcommand();
        try {
            return command.commandSpec().name().equals("serve") ? serve(command, out, err) : demo(command, out);
        } catch (Unusable unusable) {
            err.println(unusable.sentence());
            return UNUSABLE;
        } catch (RuntimeException bug) {
            // The kind of fault and nothing else: a message or a stack could hold a path or more.
            err.println("The relay failed: " + bug.getClass().getSimpleName() + ".");
            return FAILED;
        }
    }

    private static int serve(ParseResult parsed, PrintStream out, PrintStream err) {
        Map<Setting, String> options = new EnumMap<>(Setting.class);
        for (Setting setting : Setting.values()) {
            @Nullable String value = parsed.matchedOptionValue("--" + setting.key(), (String) null);
            if (value != null) {
                options.put(setting, value);
            }
        }
        Map<String, String> environment = System.getenv();
        @Nullable Path file = parsed.matchedOptionValue("--config", (Path) null);
        @Nullable String named = environment.get("HANDSHAKER_CONFIG");
        if (file == null && named != null) {
            file = Path.of(named);
        }
        Path home = Path.of(System.getProperty("user.home", "."));
        Config config = Settings.gather(options, environment, file, home);
        Thread preload = new Thread(WebServer::preload, "preload");
        preload.setDaemon(true);
        preload.start();
        Relay relay = new Relay(config, InstantSource.system(), new Announcer(out, err));
        CountDownLatch stopped = new CountDownLatch(1);
        Thread stop = new Thread(
                () -> {
                    try {
                        relay.close();
                    } finally {
                        stopped.countDown();
                        // Stopping when asked is no failure; without this the JVM would exit with 143.
                        Runtime.getRuntime().halt(OK);
                    }
                },
                "stop");
        Runtime.getRuntime().addShutdownHook(stop);
        try {
            relay.start();
        } catch (RuntimeException failed) {
            Runtime.getRuntime().removeShutdownHook(stop);
            relay.close();
            throw failed;
        }
        try {
            stopped.await();
            return OK;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return FAILED;
        }
    }

    private static int demo(ParseResult parsed, PrintStream out) {
        String relay = parsed.matchedOptionValue("--relay", "http://127.0.0.1:8480");
        @Nullable String socks = parsed.matchedOptionValue("--socks", (String) null);
        return Demo.run(relay, socks, out::println);
    }

    private static int mistaken(ParameterException mistake, PrintStream err) {
        String sentence =
                String.valueOf(mistake.getMessage()).lines().findFirst().orElse("Bad command line.");
        err.println(sentence + (sentence.endsWith(".") ? "" : ".") + " Try --help.");
        return UNUSABLE;
    }

    static String version() {
        try (@Nullable InputStream in = Main.class.getResourceAsStream("/org/handshaker/version.txt")) {
            return in == null ? "unknown" : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException unreadable) {
            return "unknown";
        }
    }
}
