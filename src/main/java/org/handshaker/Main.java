// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
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
        CommandLine commands = new CommandLine(rootSpec())
                .setOut(new java.io.PrintWriter(out, true, StandardCharsets.UTF_8))
                .setErr(new java.io.PrintWriter(err, true, StandardCharsets.UTF_8))
                .setUsageHelpAutoWidth(true)
                .setExecutionStrategy(parsed -> execute(parsed, in, out, err))
                .setParameterExceptionHandler((mistake, given) -> mistaken(mistake, err));
        return commands.execute(arguments);
    }

    /** Every command there is, with its help. */
    static CommandSpec rootSpec() {
        CommandSpec root = CommandSpec.create()
                .name("handshaker")
                .mixinStandardHelpOptions(true)
                .version("handshaker " + version())
                .addSubcommand("serve", serveSpec())
                .addSubcommand("demo", demoSpec())
                .addSubcommand("doctor", doctorSpec())
                .addSubcommand("invite", inviteSpec())
                .addSubcommand("verify-log", verifyLogSpec())
                .addSubcommand("onion", onionSpec())
                .addSubcommand("clients", clientsSpec())
                .addSubcommand("rekey", rekeySpec())
                .addSubcommand("panic", panicSpec())
                .addSubcommand("alive", aliveSpec())
                .addSubcommand("admin", adminSpec())
                .addSubcommand("help", helpSpec());
        root.usageMessage()
                .description("A Tor-first relay for people who agreed to talk.")
                .footer(
                        "",
                        "Here handshaker stands for java -jar handshaker.jar. Each command, and each command of onion,"
                                + " clients and admin, explains itself and its options:",
                        "  handshaker serve --help",
                        "  handshaker clients add --help");
        return root;
    }

    private static CommandSpec helpSpec() {
        CommandSpec spec = CommandSpec.forAnnotatedObject(new CommandLine.HelpCommand());
        spec.usageMessage().header(new String[0]).synopsisHeading("Usage: ");
        spec.usageMessage().description("Explains a command, or names all of them.");
        return example(spec, "handshaker help rekey");
    }

    /** Whole lines, as one would type them; a test parses each. */
    private static CommandSpec example(CommandSpec spec, String... lines) {
        List<String> footer = new ArrayList<>(List.of("", lines.length == 1 ? "Example:" : "Examples:"));
        for (String line : lines) {
            footer.add(plain("  " + line));
        }
        spec.usageMessage().footer(footer.toArray(String[]::new));
        return spec;
    }

    private static CommandSpec serveSpec() {
        CommandSpec spec = CommandSpec.create().name("serve").mixinStandardHelpOptions(true);
        spec.version("handshaker " + version());
        spec.usageMessage()
                .description("Runs the relay. Each setting is an option, a HANDSHAKER_… variable, or a line of a"
                        + " properties file; the first of these that is there counts.")
                .abbreviateSynopsis(true)
                .sortOptions(false);
        addSettings(spec, Setting.values());
        return example(
                spec,
                "handshaker serve --listen 127.0.0.1:8479 --local 127.0.0.1:8480",
                "handshaker serve --tor torrc --listen unix:/run/handshaker/relay.sock --onion ADDRESS.onion",
                "handshaker serve --tor none");
    }

    private static void addSettings(CommandSpec spec, Setting... settings) {
        spec.addOption(OptionSpec.builder("--config")
                .type(Path.class)
                .paramLabel("FILE")
                .description("Properties file with settings, named as the options without dashes. [HANDSHAKER_CONFIG]")
                .build());
        for (Setting setting : settings) {
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
    }

    private static CommandSpec doctorSpec() {
        CommandSpec spec = CommandSpec.create().name("doctor").mixinStandardHelpOptions(true);
        spec.version("handshaker " + version());
        spec.usageMessage()
                .description(
                        "Looks at what a relay with these settings needs, and at the relay itself through Tor if it"
                                + " runs. Changes nothing. Exit status 1 if something is bad.")
                .abbreviateSynopsis(true)
                .sortOptions(false);
        spec.addOption(OptionSpec.builder("--torrc")
                .type(Path.class)
                .paramLabel("FILE")
                .description("The torrc of --tor torrc, to be looked at as well.")
                .build());
        addSettings(spec, Setting.values());
        return example(
                spec,
                "handshaker doctor --config /etc/handshaker/settings",
                "handshaker doctor --tor torrc --torrc /etc/tor/torrc --onion ADDRESS.onion --tor-socks 127.0.0.1:9050");
    }

    private static CommandSpec inviteSpec() {
        CommandSpec spec = CommandSpec.create().name("invite").mixinStandardHelpOptions(true);
        spec.usageMessage()
                .description("Prints an invite with which one registers where --registration is invite: for the first"
                        + " users, who can invite others. While the relay with these settings does not run; then it is"
                        + " admin invite.")
                .sortOptions(false);
        spec.addOption(uses()).addOption(days());
        addSettings(spec, Setting.DATA, Setting.KEY_FILE);
        return example(spec, "handshaker invite --uses 5 --days 3");
    }

    private static OptionSpec uses() {
        return OptionSpec.builder("--uses")
                .type(Integer.class)
                .paramLabel("NUMBER")
                .description("How many may register with it, 1 to 100. Default: 1")
                .build();
    }

    private static OptionSpec days() {
        return OptionSpec.builder("--days")
                .type(Integer.class)
                .paramLabel("NUMBER")
                .description("How long it is good, 1 to 30. Default: 7")
                .build();
    }

    private static CommandSpec verifyLogSpec() {
        CommandSpec spec = CommandSpec.create().name("verify-log").mixinStandardHelpOptions(true);
        spec.usageMessage()
                .description(
                        "Checks a key log that was kept as GET /users/{username}/key-log answered it; without a file,"
                                + " all key logs of the relay with these settings, which must not run. Exit status 1 if one is"
                                + " not whole.")
                .sortOptions(false);
        spec.addPositional(PositionalParamSpec.builder()
                .type(Path.class)
                .paramLabel("FILE")
                .description("The answer, in a file.")
                .index("0")
                .arity("0..1")
                .build());
        spec.addOption(OptionSpec.builder("--head")
                .type(String.class)
                .paramLabel("HASH")
                .description("The head of the log when you looked last: it must be part of this one.")
                .build());
        addSettings(spec, Setting.DATA, Setting.KEY_FILE);
        return example(spec, "handshaker verify-log answer.json --head HASH", "handshaker verify-log --data DIR");
    }

    private static CommandSpec rekeySpec() {
        CommandSpec spec = CommandSpec.create().name("rekey").mixinStandardHelpOptions(true);
        spec.usageMessage()
                .description(
                        "Puts a new master key in the place of the old one, which opens nothing any more; the relay"
                                + " may run meanwhile. Copies of the data directory from before still open with the old key.")
                .sortOptions(false);
        spec.addOption(OptionSpec.builder("--new-key-file")
                .type(Path.class)
                .paramLabel("FILE")
                .description(
                        "Where the relay cannot write over the old key (a credential, a typed one): the new key, made"
                                + " if it is not there. Both open the data until the first start with the new one. The"
                                + " ratchet's file comes along, unless --ratchet-file names a place for it; killed in between,"
                                + " run it again.")
                .build());
        addSettings(spec, Setting.DATA, Setting.KEY_FILE, Setting.RATCHET_FILE);
        return example(
                spec,
                "handshaker rekey --key-file /etc/handshaker/master.key",
                "handshaker rekey --key-file - --new-key-file /etc/handshaker/new.key");
    }

    private static CommandSpec panicSpec() {
        CommandSpec spec = CommandSpec.create().name("panic").mixinStandardHelpOptions(true);
        spec.usageMessage()
                .description(
                        "Destroys the keys, ends a relay that runs there, and deletes its sockets and everything in"
                                + " the data directory, the onion's address included. Nothing brings them back.")
                .sortOptions(false);
        spec.addOption(OptionSpec.builder("--yes")
                .type(boolean.class)
                .description("Does not ask whether you mean it.")
                .build());
        addSettings(spec, Setting.DATA, Setting.KEY_FILE, Setting.RATCHET_FILE, Setting.ADMIN);
        return spec;
    }

    private static CommandSpec aliveSpec() {
        CommandSpec spec = CommandSpec.create().name("alive").mixinStandardHelpOptions(true);
        spec.usageMessage()
                .description(
                        "A sign of life for a relay that was started with --dead-man: the time that it gives you begins"
                                + " anew. It may run or not.")
                .sortOptions(false);
        addSettings(spec, Setting.DATA);
        return example(spec, "handshaker alive --data /var/lib/handshaker");
    }

    private static CommandSpec onionSpec() {
        CommandSpec spec = CommandSpec.create().name("onion").mixinStandardHelpOptions(true);
        spec.usageMessage()
                .description(
                        "The relay's address: prints it, and keeps or puts back the secret key that it is made from."
                                + " For --tor managed and control; with torrc the key lies in tor's HiddenServiceDir.");
        return spec.addSubcommand(
                        "address",
                        example(
                                onionCommand(
                                                "address",
                                                "Prints the onion's address, http://….onion. It is there from the first"
                                                        + " start on, whether the relay runs or not.")
                                        .addOption(qr("the address")),
                                "handshaker onion address --qr"))
                .addSubcommand(
                        "backup",
                        example(
                                onionCommand(
                                                "backup",
                                                "Copies the onion's secret key, and with it its address, to a new file."
                                                        + " Whoever has that file can be this relay.")
                                        .addPositional(
                                                operand("FILE", "A file that is not there yet; made mode 0600.")),
                                "handshaker onion backup /media/stick/onion.key"))
                .addSubcommand(
                        "restore",
                        example(
                                onionCommand(
                                                "restore",
                                                "Puts a copy that onion backup made back, into a relay that does not run:"
                                                        + " from its next start on it has that address.")
                                        .addPositional(operand("FILE", "The copy.")),
                                "handshaker onion restore /media/stick/onion.key"));
    }

    private static CommandSpec clientsSpec() {
        OptionSpec key = OptionSpec.builder("--key")
                .type(String.class)
                .paramLabel("PUBLIC")
                .description("The client's own public key: x25519, 52 characters of base 32. Without it a pair is made"
                        + " and the private key shown once.")
                .build();
        CommandSpec spec = CommandSpec.create().name("clients").mixinStandardHelpOptions(true);
        spec.usageMessage()
                .description("Who may reach the onion at all (tor's client authorization): everybody, until the first"
                        + " client is added; then only clients with a key, and others do not even learn that the relay is"
                        + " up. For --tor managed and control. A relay that runs heeds a change within seconds.");
        return spec.addSubcommand(
                        "add",
                        example(
                                onionCommand(
                                                "add",
                                                "Lets a client in; from the first one on, nobody else. Prints one line,"
                                                        + " ADDRESS:descriptor:x25519:PRIVATE, for a .auth_private file in the"
                                                        + " client's ClientOnionAuthDir; Tor Browser asks for its last part.")
                                        .addPositional(operand(
                                                "NAME",
                                                "Your word for the client, which only you see: a-z, 0-9, _ and -."))
                                        .addOption(key)
                                        .addOption(qr("the client's address and key, where a pair is made,")),
                                "handshaker clients add laptop",
                                "handshaker clients add phone --key PUBLIC"))
                .addSubcommand("list", onionCommand("list", "Prints the names of those who are let in, one a line."))
                .addSubcommand(
                        "remove",
                        example(
                                onionCommand(
                                                "remove",
                                                "Shuts a client out: it can begin nothing new from now on, and its open"
                                                        + " circuits end within seconds. Removing the last one opens"
                                                        + " nothing; see clients open.")
                                        .addPositional(operand("NAME", "The client, as clients list prints it.")),
                                "handshaker clients remove laptop"))
                .addSubcommand("open", onionCommand("open", "Forgets all clients: the onion is everybody's again."));
    }

    private static CommandSpec adminSpec() {
        CommandSpec spec = CommandSpec.create().name("admin").mixinStandardHelpOptions(true);
        spec.usageMessage()
                .description(
                        "Tells a relay that runs what to do, over the socket of its --admin. What is set holds until the"
                                + " relay stops; suspensions, deletions and invites are kept.");
        example(
                spec,
                "handshaker admin status --admin unix:/run/handshaker/admin.sock",
                "handshaker admin registration closed --admin unix:/run/handshaker/admin.sock",
                "echo @mallory | handshaker admin suspend --admin unix:/run/handshaker/admin.sock");
        return spec.addSubcommand(
                        "status", adminCommand("status", "Prints how the relay is: a name and a value a line."))
                .addSubcommand(
                        "registration",
                        adminCommand(
                                        "registration",
                                        "Says who may register: everybody, whoever has an invite, or nobody.")
                                .addPositional(operand("WHO", "open, invite or closed.")))
                .addSubcommand(
                        "puzzle",
                        adminCommand("puzzle", "Asks newcomers for more or less work.")
                                .addPositional(operand("WHEN", "off, auto or always."))
                                .addOption(OptionSpec.builder("--doublings")
                                        .type(Integer.class)
                                        .paramLabel("N")
                                        .description("How often the price is doubled at least, 0 to 5. Default: 0")
                                        .build()))
                .addSubcommand(
                        "invite",
                        adminCommand(
                                        "invite",
                                        "Prints an invite with which one registers where registration is invite.")
                                .addOption(uses())
                                .addOption(days()))
                .addSubcommand(
                        "suspend",
                        adminCommand("suspend", "Ends all sessions of an account and lets it sign in no more.")
                                .addPositional(name()))
                .addSubcommand(
                        "unsuspend",
                        adminCommand("unsuspend", "Lets an account sign in again.")
                                .addPositional(name()))
                .addSubcommand(
                        "delete",
                        adminCommand("delete", "Deletes an account and all that is kept of it. Nothing brings it back.")
                                .addPositional(name())
                                .addOption(yes()))
                .addSubcommand(
                        "announce",
                        adminCommand("announce", "Puts a text into everybody's queue, in place of the last one's.")
                                .addPositional(optional("TEXT", "1 to 1,000 characters; without it, standard input.")))
                .addSubcommand(
                        "drain",
                        adminCommand(
                                        "drain",
                                        "Takes nothing more in, commits what is in memory, closes the sockets with 4503,"
                                                + " and ends the relay.")
                                .addOption(OptionSpec.builder("--stay")
                                        .type(boolean.class)
                                        .description("Does not end: everybody is asked to come back later.")
                                        .build()))
                .addSubcommand(
                        "panic",
                        adminCommand("panic", "Destroys the master key and all data at once. Nothing brings them back.")
                                .addOption(yes()));
    }

    private static CommandSpec adminCommand(String name, String meaning) {
        CommandSpec spec = CommandSpec.create().name(name).mixinStandardHelpOptions(true);
        spec.usageMessage().description(meaning).sortOptions(false);
        addSettings(spec, Setting.ADMIN);
        return spec;
    }

    private static PositionalParamSpec name() {
        return optional(
                "NAME",
                "The account's name; without it, standard input, which other users of this machine cannot see.");
    }

    private static PositionalParamSpec optional(String label, String meaning) {
        return PositionalParamSpec.builder()
                .type(String.class)
                .paramLabel(label)
                .description(meaning)
                .index("0")
                .arity("0..1")
                .build();
    }

    private static OptionSpec yes() {
        return OptionSpec.builder("--yes")
                .type(boolean.class)
                .description("Yes, do it. Without this nothing is done.")
                .build();
    }

    private static CommandSpec onionCommand(String name, String meaning) {
        CommandSpec spec = CommandSpec.create().name(name).mixinStandardHelpOptions(true);
        spec.usageMessage().description(meaning).sortOptions(false);
        addSettings(spec, Setting.DATA, Setting.TOR);
        return spec;
    }

    private static OptionSpec qr(String what) {
        return OptionSpec.builder("--qr")
                .type(boolean.class)
                .description("Also shows " + what + " as a QR code, for a terminal that nobody else sees.")
                .build();
    }

    private static PositionalParamSpec operand(String label, String meaning) {
        return PositionalParamSpec.builder()
                .type(String.class)
                .paramLabel(label)
                .description(meaning)
                .index("0")
                .arity("1")
                .build();
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
                        + " an answer and ICE candidates, then deletes both. Takes a relay that runs, where registration is"
                        + " open. Exit status 1 if something fails.")
                .sortOptions(false);
        spec.addOption(OptionSpec.builder("--relay")
                .type(String.class)
                .paramLabel("URL")
                .defaultValue("http://127.0.0.1:8480")
                .description(
                        "The relay.",
                        "Takes: http://127.0.0.1:PORT, unix:PATH or http://ADDRESS.onion",
                        "Default: ${DEFAULT-VALUE}")
                .build());
        spec.addOption(OptionSpec.builder("--socks")
                .type(String.class)
                .paramLabel("VALUE")
                .description(
                        "Tor's SOCKS port, needed for an onion address and for nothing else.",
                        "Takes: IP:PORT or unix:PATH: 127.0.0.1:9050 of a tor of the system's, 127.0.0.1:9150 of an open"
                                + " Tor Browser, tor/socks in the data directory of a relay with --tor managed.",
                        "Default: not set")
                .build());
        return example(
                spec,
                "handshaker demo",
                "handshaker demo --relay http://ADDRESS.onion --socks 127.0.0.1:9050",
                "handshaker demo --relay http://ADDRESS.onion --socks unix:DIR/tor/socks");
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
