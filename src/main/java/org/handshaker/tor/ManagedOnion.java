// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The onion of a tor that we start, watch and end. In the data directory, {@code onion/} holds the onion's key and with it its
 * address (back it up, show it to nobody), {@code tor/} what tor can make anew: its cache, its guards, its torrc.
 */
public final class ManagedOnion implements OnionService {
    private static final Pattern ONION = Pattern.compile("[a-z2-7]{56}\\.onion");
    private static final Duration OWN_END_WAIT = Duration.ofSeconds(1);
    private static final Duration END_WAIT = Duration.ofSeconds(12);

    private final Settings settings;
    private final OnionProgress progress;
    private final Thread thread;
    private final Object startOrClose = new Object();
    private @Nullable TorProcess tor;
    private boolean closed;

    /**
     * @param binary tor's path, or its name in {@code PATH}
     * @param data the relay's data directory
     * @param target a Unix socket or 127.0.0.1 port where the relay listens
     * @param extraLines a file whose lines are added to the torrc, such as bridges
     */
    public record Settings(String binary, Path data, SocketAddress target, @Nullable Path extraLines) {}

    public ManagedOnion(Settings settings, OnionNews news) {
        this.settings = settings;
        this.progress = new OnionProgress(news);
        this.thread = new Thread(this::run, "tor");
        this.thread.setDaemon(true);
    }

    @Override
    public void start() {
        thread.start();
    }

    @Override
    public Optional<String> address() {
        return progress.address();
    }

    @Override
    public boolean isPublished() {
        return progress.isPublished();
    }

    @Override
    public boolean namesCircuits() {
        return true;
    }

    @Override
    public void close() {
        progress.end();
        @Nullable TorProcess running;
        synchronized (startOrClose) {
            closed = true;
            startOrClose.notifyAll();
            running = tor;
        }
        if (running != null) {
            running.close();
        }
        try {
            thread.join(END_WAIT.toMillis());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            @Nullable TorProcess running = spawn();
            if (running != null) {
                try (running) {
                    follow(running);
                }
            }
        } catch (IOException failed) {
            progress.gone(sentence(failed));
        } catch (InterruptedException interrupted) {
            progress.gone("tor is no longer watched");
        }
    }

    private @Nullable TorProcess spawn() throws IOException {
        Path state = settings.data.resolve("tor");
        Path onion = settings.data.resolve("onion");
        Path controlSocket = state.resolve("control");
        TorProcess.privateDirectory(state);
        TorProcess.privateDirectory(onion);
        List<String> extra = settings.extraLines == null ? List.of() : Files.readAllLines(settings.extraLines);
        Torrc.ProofOfWork pow = TorProcess.proofOfWork(settings.binary);
        List<String> lines = Torrc.managed(state, controlSocket, onion, settings.target, pow, extra);
        synchronized (startOrClose) {
            if (closed) {
                return null;
            }
            TorProcess started = TorProcess.start(settings.binary, state.resolve("torrc"), controlSocket, lines);
            tor = started;
            return started;
        }
    }

    private void follow(TorProcess running) throws IOException, InterruptedException {
        try (ControlPort control = running.control(progress::event)) {
            // tor has made its keys before it answers on its control port, and needs seconds until the first upload.
            progress.address(hostname());
            control.setEvents("STATUS_CLIENT", "HS_DESC");
            progress.bootstrap(control.getInfo("status/bootstrap-phase").get(0));
            int status = running.awaitEnd();
            awaitOurOwnEnd();
            progress.gone("tor ended with status " + status + "");
        } catch (IOException lost) {
            throw running.reason(lost);
        }
    }

    /** Ctrl-C reaches tor as it reaches us, and tor is faster: that is no news. */
    private void awaitOurOwnEnd() throws InterruptedException {
        long end = System.nanoTime() + OWN_END_WAIT.toNanos();
        synchronized (startOrClose) {
            long millisLeft = OWN_END_WAIT.toMillis();
            while (!closed && millisLeft > 0) {
                startOrClose.wait(millisLeft);
                millisLeft = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            }
        }
    }

    private String hostname() throws IOException {
        String name = Files.readString(settings.data.resolve("onion").resolve("hostname"))
                .strip();
        if (!ONION.matcher(name).matches()) {
            throw new IOException("tor's hostname file is malformed");
        }
        return name;
    }

    private static String sentence(IOException failed) {
        @Nullable String message = failed.getMessage();
        return message == null ? "tor could not be started" : Printable.of(message);
    }
}
