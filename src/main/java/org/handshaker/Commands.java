// SPDX-License-Identifier: MIT
package org.handshaker;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.handshaker.core.Setting;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The words of the command line: every command with its options, operands, help and examples. What they do begins in {@link Main}. */
final class Commands {
    private static final String VERSION = "handshaker " + Main.version();

    private Commands() {}

    /** Every command there is, with its help. */
    static CommandSpec root() {
        CommandSpec root = CommandSpec.create()
                .name("handshaker")
                .mixinStandardHelpOptions(true)
                .version(VERSION)
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
        spec.version(VERSION);
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
        spec.version(VERSION);
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
        spec.version(VERSION);
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
}
