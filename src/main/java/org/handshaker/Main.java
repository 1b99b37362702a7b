// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.handshaker.client.Demo;
import org.handshaker.core.Config;
import org.handshaker.core.KeyFile;
import org.handshaker.core.MasterKey;
import org.handshaker.core.Setting;
import org.handshaker.core.Unusable;
import org.handshaker.web.WebServer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The command line. Only here are the environment and the standard streams touched. */
public final class Main {
    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int UNUSABLE = 2;
    private static final int INPUT_BYTES_MAX = 16_384;

    private Main() {}

    public static void main(String[] arguments) {
        // java.net.Socket would tell a SOCKS proxy who is logged in; nothing here uses it, and this is the belt to
        // that.
        System.setProperty("java.net.socks.username", "x");
        System.exit(run(arguments, System.in, System.out, System.err));
    }

    static int run(String[] arguments, InputStream in, PrintStream out, PrintStream err) {
        CommandLine commands = new CommandLine(Commands.root())
                .setOut(new java.io.PrintWriter(out, true, StandardCharsets.UTF_8))
                .setErr(new java.io.PrintWriter(err, true, StandardCharsets.UTF_8))
                .setUsageHelpAutoWidth(true)
                .setExecutionStrategy(parsed -> execute(parsed, in, out, err))
                .setParameterExceptionHandler((mistake, given) -> mistaken(mistake, err));
        return commands.execute(arguments);
    }

    private static int execute(ParseResult parsed, InputStream in, PrintStream out, PrintStream err) {
        @Nullable Integer help = CommandLine.executeHelpRequest(parsed);
        if (help != null) {
            return help;
        }
        ParseResult command = parsed;
        boolean isForTheOperator = false;
        while (command.hasSubcommand()) {
            command = command.subcommand();
            isForTheOperator |= command.commandSpec().name().equals("admin");
        }
        if (!command.commandSpec().subcommands().isEmpty()) {
            err.println("Say what to do: "
                    + String.join(", ", command.commandSpec().subcommands().keySet()) + ". Try --help.");
            return UNUSABLE;
        }
        try {
            if (isForTheOperator) {
                return admin(command, in, out, err);
            }
            return switch (command.commandSpec().name()) {
                case "serve" -> serve(command, in, out, err);
                case "demo" -> demo(command, out);
                case "doctor" -> doctor(command, out);
                case "invite" -> invite(command, out);
                case "verify-log" -> verifyLog(command, out);
                case "rekey" -> rekey(command, in, out);
                case "panic" -> panic(command, in, out, err);
                case "alive" -> alive(command, out);
                default -> onion(command, out, err);
            };
        } catch (Unusable unusable) {
            err.println(unusable.sentence());
            return UNUSABLE;
        } catch (RuntimeException bug) {
            // The kind of fault and nothing else: a message or a stack could hold a path or more.
            err.println("The relay failed: " + bug.getClass().getSimpleName() + ".");
            return FAILED;
        }
    }

    private static int doctor(ParseResult parsed, PrintStream out) {
        @Nullable Path torrc = parsed.matchedOptionValue("--torrc", (Path) null);
        return new Doctor(config(parsed), InstantSource.system(), out::println).examine(torrc) ? OK : FAILED;
    }

    private static int invite(ParseResult parsed, PrintStream out) {
        Config config = config(parsed);
        int uses = parsed.matchedOptionValue("--uses", 1);
        int days = parsed.matchedOptionValue("--days", 7);
        new StoreCommands(out::println).invite(config, uses, days, InstantSource.system());
        return OK;
    }

    private static int verifyLog(ParseResult parsed, PrintStream out) {
        VerifyLog verify = new VerifyLog(out::println);
        @Nullable Path file = parsed.matchedPositionalValue(0, (Path) null);
        @Nullable String seen = parsed.matchedOptionValue("--head", (String) null);
        boolean isWhole = file == null ? verify.store(config(parsed), InstantSource.system()) : verify.file(file, seen);
        return isWhole ? OK : FAILED;
    }

    private static int rekey(ParseResult parsed, InputStream in, PrintStream out) {
        Config config = config(parsed);
        @Nullable Path newFile = parsed.matchedOptionValue("--new-key-file", (Path) null);
        if (newFile != null) {
            byte[] old = config.isKeyTyped() ? typedKey(in) : KeyFile.read(config.keyFile());
            StoreCommands.addKey(config, old, newFile.toAbsolutePath().normalize());
            out.println("The new key opens the data as well. Start the relay with it: from then on the old key opens"
                    + " nothing. Then destroy that one.");
        } else if (config.isKeyTyped()) {
            throw new Unusable("Name a file for the new key with --new-key-file. Nothing was touched.");
        } else {
            MasterKey.renew(config.data(), config.keyFile());
            out.println("There is a new master key in the same file, and the old one opens nothing any more. Copy the"
                    + " new one as you had copied the old, and destroy the old copies.");
        }
        return OK;
    }

    private static int panic(ParseResult parsed, InputStream in, PrintStream out, PrintStream err) {
        Config config = config(parsed);
        Panic panic = new Panic(config);
        panic.requireRelay();
        if (!parsed.hasMatchedOption("--yes")) {
            err.print("This destroys the master key, " + config.data() + " and the onion's address. Type destroy: ");
            err.flush();
            if (!"destroy".equals(answer(in))) {
                throw new Unusable("Nothing was destroyed.");
            }
        }
        var left = panic.destroy();
        left.forEach(file -> err.println("Not destroyed: " + file));
        out.println(left.isEmpty() ? "Everything is destroyed." : "Some of it could not be destroyed.");
        return left.isEmpty() ? OK : FAILED;
    }

    private static String answer(InputStream in) {
        byte[] line = new byte[16];
        try {
            int length = in.read(line);
            return new String(line, 0, Math.max(length, 0), StandardCharsets.UTF_8).strip();
        } catch (IOException closed) {
            return "";
        }
    }

    private static int alive(ParseResult parsed, PrintStream out) {
        DeadMan.sign(config(parsed).data(), InstantSource.system().instant());
        out.println("The relay knows that you are alive.");
        return OK;
    }

    // Where there is a console that is no terminal (JDK 22 and newer), it reads the line as well.
    @SuppressWarnings("SystemConsoleNull")
    private static byte[] typedKey(InputStream in) {
        @Nullable Console console = System.console();
        return TypedKey.read(console, in);
    }

    private static int onion(ParseResult parsed, PrintStream out, PrintStream err) {
        OnionCommands commands = new OnionCommands(config(parsed), out::println, err::println);
        String operand = parsed.matchedPositionalValue(0, "");
        Consumer<String> inks = parsed.hasMatchedOption("--qr") ? commands::draw : text -> {};
        switch (parsed.commandSpec().name()) {
            case "address" -> commands.address(inks);
            case "backup" -> commands.backUp(Path.of(operand));
            case "restore" -> commands.restore(Path.of(operand));
            case "add" -> commands.add(operand, parsed.matchedOptionValue("--key", (String) null), inks);
            case "list" -> commands.list();
            case "remove" -> commands.remove(operand);
            case "open" -> commands.open();
            default -> throw new IllegalStateException("a command without a deed");
        }
        return OK;
    }

    private static int admin(ParseResult parsed, InputStream in, PrintStream out, PrintStream err) {
        AdminCommands commands = new AdminCommands(config(parsed), out::println, err::println);
        @Nullable String operand = parsed.matchedPositionalValue(0, (String) null);
        String command = parsed.commandSpec().name();
        if (parsed.commandSpec().findOption("--yes") != null && !parsed.hasMatchedOption("--yes")) {
            throw new Unusable("Nothing was done: this cannot be undone, and takes --yes.");
        }
        switch (command) {
            case "status" -> commands.status();
            case "registration" -> commands.registration(given(operand, in));
            case "puzzle" -> commands.puzzle(given(operand, in), parsed.matchedOptionValue("--doublings", 0));
            case "invite" ->
                commands.invite(parsed.matchedOptionValue("--uses", 1), parsed.matchedOptionValue("--days", 7));
            case "suspend" -> commands.suspend(given(operand, in));
            case "unsuspend" -> commands.unsuspend(given(operand, in));
            case "delete" -> commands.delete(given(operand, in));
            case "announce" -> commands.announce(given(operand, in));
            case "drain" -> commands.drain(parsed.hasMatchedOption("--stay") ? "stay" : "end");
            case "panic" -> commands.panic();
            default -> throw new IllegalStateException("a command without a deed");
        }
        return OK;
    }

    /** What stands on the command line, or else on standard input, bounded and without its last line's end. */
    private static String given(@Nullable String operand, InputStream in) {
        if (operand != null) {
            return operand;
        }
        try {
            return new String(in.readNBytes(INPUT_BYTES_MAX), StandardCharsets.UTF_8).strip();
        } catch (IOException unreadable) {
            throw new Unusable("Standard input cannot be read.", unreadable);
        }
    }

    /** What was given on the command line, in the environment and in the file. */
    private static Config config(ParseResult parsed) {
        Map<Setting, String> options = new EnumMap<>(Setting.class);
        for (Setting setting : Setting.values()) {
            @Nullable
            String value = parsed.hasMatchedOption("--" + setting.key())
                    ? parsed.matchedOptionValue("--" + setting.key(), (String) null)
                    : null;
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
        return Settings.gather(options, environment, file, home);
    }

    private static int serve(ParseResult parsed, InputStream in, PrintStream out, PrintStream err) {
        Config config = config(parsed);
        Thread preload = new Thread(WebServer::preload, "preload");
        preload.setDaemon(true);
        preload.start();
        Relay relay = new Relay(config, InstantSource.system(), new Announcer(out, err), () -> typedKey(in));
        relay.whenDestroyed(() -> Runtime.getRuntime().halt(OK));
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
        relay.whenToldToEnd(stopped::countDown);
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
