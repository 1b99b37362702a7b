// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The onion of a tor that is already there and whose control port we may use. The service lives as long as our connection and
 * leaves nothing behind in that tor. {@code ADD_ONION} knows no circuit ids and no introduction-point limits (it does
 * know proof of work and the bound of streams), so limits per circuit are off in this way: {@link #WEAKER} says it aloud.
 */
public final class ControlOnion implements OnionService {
    /** What an operator must be told who chooses this way. */
    public static final String WEAKER =
            "WARNING: tor's control port cannot name circuits (ADD_ONION has no circuit export), so limits per Tor circuit are OFF"
                    + " and one client can use up what all share. Prefer --tor managed or --tor torrc.";

    private static final String DEFENCES = " PoWDefensesEnabled=1";

    private final Settings settings;
    private final OnionProgress progress;
    private final Thread thread;
    private final Object startOrClose = new Object();
    private @Nullable ControlPort control;
    private boolean closed;

    /**
     * @param control a Unix socket or 127.0.0.1 port where that tor takes commands
     * @param data the relay's data directory; the onion's key is kept there
     * @param target a Unix socket or 127.0.0.1 port where the relay listens and which that tor can reach
     */
    public record Settings(SocketAddress control, Path data, SocketAddress target) {}

    public ControlOnion(Settings settings, OnionNews news) {
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
        return false;
    }

    @Override
    public void close() {
        progress.end();
        synchronized (startOrClose) {
            closed = true;
            if (control != null) {
                control.close();
            }
        }
    }

    private void run() {
        try {
            String target = Torrc.bareTarget(settings.target);
            @Nullable ControlPort connected = connect();
            if (connected == null) {
                return;
            }
            connected.authenticate();
            connected.setEvents("STATUS_CLIENT", "HS_DESC");
            progress.bootstrap(connected.getInfo("status/bootstrap-phase").get(0));
            progress.address(publish(connected, target));
            connected.awaitEnd();
            progress.gone("tor's control connection is lost");
        } catch (IOException failed) {
            @Nullable String message = failed.getMessage();
            progress.gone(message == null ? "tor's control port failed" : Printable.of(message));
            close();
        } catch (InterruptedException interrupted) {
            close();
        }
    }

    private @Nullable ControlPort connect() throws IOException {
        synchronized (startOrClose) {
            if (closed) {
                return null;
            }
            try {
                control = ControlPort.connect(settings.control, progress::event);
            } catch (IOException unreachable) {
                throw new IOException("tor's control port cannot be reached at " + settings.control, unreachable);
            }
            return control;
        }
    }

    private String publish(ControlPort connected, String target) throws IOException {
        OnionKey key = new OnionKey(settings.data);
        String wish = "ADD_ONION " + key.forAddOnion() + " Port=80," + target;
        List<String> answer;
        try {
            answer = connected.command(wish + " MaxStreams=" + Torrc.STREAMS_PER_CIRCUIT_MAX + DEFENCES);
        } catch (ControlPort.CommandRefused older) {
            // tor before 0.4.9, or built without the module, does not know the word.
            if (older.status() != 512) {
                throw older;
            }
            answer = connected.command(wish + " MaxStreams=" + Torrc.STREAMS_PER_CIRCUIT_MAX);
        }
        @Nullable String onion = null;
        for (String line : answer) {
            if (line.startsWith("PrivateKey=")) {
                key.keep(line.substring("PrivateKey=".length()));
            } else if (line.startsWith("ServiceID=")) {
                onion = line.substring("ServiceID=".length()) + ".onion";
            }
        }
        if (onion == null) {
            throw new IOException("tor did not name the onion it made");
        }
        return onion;
    }
}
