// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The program with the JVM's options of {@code scripts/run}, under strace, which lists every file that it or a child opens for
 * writing, makes or names, wherever that is; or kills it in the middle of a write.
 */
public final class TracedRelay implements AutoCloseable {
    private static final Pattern OPENED =
            Pattern.compile("(?:openat|open|creat)\\((?:[^\"]*)\"([^\"]+)\", ([A-Z_|0-9]+)");
    private static final Pattern NAMED =
            Pattern.compile("(?:mkdir|mkdirat|rename|renameat|renameat2|link|linkat|symlink|symlinkat)\\((.*)\\) = 0");
    private static final Pattern QUOTED = Pattern.compile("\"([^\"]+)\"");

    private final Path home;
    private final Path list;
    private final Process strace;

    private TracedRelay(Path home, Path list, Process strace) {
        this.home = home;
        this.list = list;
        this.strace = strace;
    }

    /**
     * @param home where its directories are and its output is kept
     * @param straceOptions what else strace shall do, such as {@code --inject}
     */
    public static TracedRelay start(Path home, List<String> straceOptions, List<String> jvmOptions, String... arguments)
            throws IOException {
        Path list = home.resolve("strace-" + System.nanoTime());
        Path scratch = Files.createDirectories(home.resolve("data").resolve("tmp"));
        List<String> command = new ArrayList<>(List.of(
                // As the launcher has it: no core file.
                "sh",
                "-c",
                "ulimit -c 0; exec \"$0\" \"$@\"",
                "strace",
                "-f",
                "-qq",
                "-s",
                "4096",
                "-o",
                list.toString()));
        command.addAll(straceOptions);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(launcherOptions(scratch));
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "org.handshaker.Main", "serve"));
        command.addAll(Arrays.asList(arguments));
        Process strace = new ProcessBuilder(command)
                .directory(Files.createDirectories(home.resolve("cwd")).toFile())
                .redirectOutput(home.resolve("stdout").toFile())
                .redirectError(
                        ProcessBuilder.Redirect.appendTo(home.resolve("stderr").toFile()))
                .start();
        return new TracedRelay(home, list, strace);
    }

    /** For {@code straceOptions}: what tells of files. */
    public static List<String> filesOnly() {
        return List.of(
                "--seccomp-bpf",
                "-e",
                "trace=open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat");
    }

    /** As the launcher has them: what is tested is what is shipped. */
    public static List<String> launcherOptions(Path scratch) throws IOException {
        List<String> options = new ArrayList<>();
        Matcher option =
                Pattern.compile("(?m)(?<=\\s)-(?:X|D)[^\\s]+").matcher(Files.readString(Path.of("scripts/run")));
        while (option.find()) {
            if (!option.group().contains("skip") && !option.group().contains("Dmaven")) {
                options.add(option.group().replace("\"$scratch\"", scratch.toString()));
            }
        }
        return options;
    }

    /** {@code http://127.0.0.1:PORT}, once it serves. */
    public String address() {
        Await.until("it does not serve", 120, () -> said().contains("\nready ") || said().startsWith("ready "));
        Matcher ready = Pattern.compile("(?m)^ready (\\S+)").matcher(said());
        if (!ready.find()) {
            throw new AssertionError(said());
        }
        return ready.group(1);
    }

    /** Both its streams. */
    public String said() {
        try {
            return Files.readString(home.resolve("stdout")) + Files.readString(home.resolve("stderr"));
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    private ProcessHandle java() {
        try (Stream<ProcessHandle> children = strace.descendants()) {
            return children.findFirst().orElseThrow(() -> new AssertionError("it has ended: " + said()));
        }
    }

    public long pid() {
        return java().pid();
    }

    public boolean isAlive() {
        return strace.isAlive();
    }

    public void terminate() {
        java().destroy();
    }

    public void kill() {
        java().destroyForcibly();
    }

    /** The program's own exit status, or 128 and the signal. */
    public int awaitExit(int secondsMax) {
        try {
            if (!strace.waitFor(secondsMax, TimeUnit.SECONDS)) {
                throw new AssertionError("it has not ended within " + secondsMax + " s");
            }
            return strace.exitValue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    /** Every path that was opened for writing, made or named, by it and its children. */
    public Set<Path> touched() throws IOException {
        Set<Path> touched = new TreeSet<>();
        for (String line : Files.readAllLines(list, StandardCharsets.ISO_8859_1)) {
            Matcher opened = OPENED.matcher(line);
            boolean isWrite = opened.find()
                    && (opened.group(2).contains("O_WRONLY")
                            || opened.group(2).contains("O_RDWR")
                            || opened.group(2).contains("O_CREAT"));
            if (isWrite && !line.contains(" = -1 ")) {
                touched.add(home.resolve("cwd").resolve(opened.group(1)).normalize());
            }
            Matcher named = NAMED.matcher(line);
            if (named.find()) {
                Matcher path = QUOTED.matcher(named.group(1));
                while (path.find()) {
                    touched.add(home.resolve("cwd").resolve(path.group(1)).normalize());
                }
            }
        }
        return touched;
    }

    @Override
    public void close() {
        strace.descendants().forEach(ProcessHandle::destroyForcibly);
        strace.destroyForcibly();
    }
}
