// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The onion of a tor that is already there and whose control port we may use. The service lives as long as our connection and
 * leaves nothing behind in that tor; nothing else of it is changed. When that tor is lost it is tried again, with the kept key.
 * {@code ADD_ONION} knows no circuit ids and no introduction-point limits (it does know proof of work and the bound of
 * streams), so limits per circuit are off in this way: {@link #WEAKER} says it aloud.
 */
public final class ControlOnion implements OnionService {
    /** What an operator must be told who chooses this way. */
    public static final String WEAKER =
            "WARNING: tor's control port cannot name circuits (ADD_ONION has no circuit export), so limits per Tor circuit are OFF"
                    + " and one client can use up what all share. Prefer --tor managed or --tor torrc.";

    private static final String DEFENCES = " PoWDefensesEnabled=1";
    /** How soon a change of the authorized clients is seen. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    private static final int UNKNOWN_KEYWORD = 512;
    private static final int COLLISION = 550;
    private static final Duration COLLISION_WAIT = Duration.ofSeconds(5);
    private static final Duration COLLISION_PAUSE = Duration.ofMillis(100);

    private final Settings settings;
    private final OnionProgress progress;
    private final OnionClients clients;
    private final TorLink link = new TorLink();
    private final Thread thread;
    private final Object startOrClose = new Object();
    private volatile @Nullable String socks;
    private @Nullable ControlPort control;
    private boolean closed;

    /**
     * @param control a Unix socket or 127.0.0.1 port where that tor takes commands
     * @param passwordFile holds the password of its {@code HashedControlPassword}; without it its cookie is read
     * @param socks where that tor takes SOCKS; without it, tor is asked
     * @param data the relay's data directory; the onion's key is kept there
     * @param target a Unix socket or 127.0.0.1 port where the relay listens and which that tor can reach
     */
    public record Settings(
            SocketAddress control,
            @Nullable Path passwordFile,
            @Nullable String socks,
            Path data,
            SocketAddress target) {}

    public ControlOnion(Settings settings, OnionNews news) {
        this.settings = settings;
        this.progress = new OnionProgress(news);
        this.clients = new OnionClients(settings.data);
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
    public void closeCircuit(int circuit) {
        // No circuit has a number here that could be closed.
    }

    @Override
    public Optional<String> socks() {
        return Optional.ofNullable(socks);
    }

    @Override
    public void lookAfresh() throws IOException {
        // Not ours alone: what this tor remembers is its other users', too.
        @Nullable ControlPort connected = link.now();
        @Nullable String address = address().orElse(null);
        if (connected == null || address == null) {
            throw new IOException("tor is not there");
        }
        @Nullable String key = clients.ownPrivateKey().orElse(null);
        if (key != null) {
            connected.command("ONION_CLIENT_AUTH_ADD " + address.replace(".onion", "") + " x25519:" + key);
        }
    }

    @Override
    public boolean agreesOnTime(Instant now) {
        return link.agreesOnTime(now);
    }

    @Override
    public boolean confirmsTime(Instant now) {
        return link.confirmsTime(now);
    }

    @Override
    public OnionVitals vitals() {
        return progress.vitals(address().flatMap(link::meetings));
    }

    @Override
    public void close() {
        progress.end();
        synchronized (startOrClose) {
            closed = true;
            startOrClose.notifyAll();
            if (control != null) {
                control.close();
            }
        }
        link.close();
    }

    private void run() {
        Backoff backoff = new Backoff();
        try {
            boolean goesOn = true;
            while (goesOn) {
                long born = System.nanoTime();
                goesOn = live() && !closedWithin(backoff.after(Duration.ofNanos(System.nanoTime() - born)));
            }
        } catch (InterruptedException interrupted) {
            close();
        }
    }

    /** One connection's life; whether another one makes sense. */
    private boolean live() throws InterruptedException {
        try {
            String target = Torrc.bareTarget(settings.target);
            @Nullable ControlPort connected = connect();
            if (connected == null) {
                return false;
            }
            try (connected) {
                follow(connected, target);
            }
            return true;
        } catch (UnsafeTor unsafe) {
            progress.gone(sentence(unsafe));
            return false;
        } catch (IOException failed) {
            progress.gone(sentence(failed));
            return true;
        } finally {
            link.lost();
            socks = null;
        }
    }

    private void follow(ControlPort connected, String target) throws IOException, InterruptedException {
        if (settings.passwordFile == null) {
            connected.authenticate();
        } else {
            ControlPassword.authenticate(connected, settings.passwordFile);
        }
        ServiceProof.requireAnonymous(connected);
        connected.setEvents("STATUS_CLIENT", "HS_DESC");
        progress.bootstrap(connected.getInfo("status/bootstrap-phase").get(0));
        socks = settings.socks == null ? socksOf(connected) : settings.socks;
        SortedMap<String, String> letIn = clients.keys();
        String onion = publish(connected, target, letIn);
        new OnionKey(settings.data).keepAddress(onion);
        progress.address(onion);
        link.connected(connected);
        while (!connected.hasEndedWithin(LOOK)) {
            letIn = heed(connected, target, onion, letIn);
        }
        progress.gone("tor's control connection is lost");
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

    private String publish(ControlPort connected, String target, SortedMap<String, String> letIn)
            throws IOException, InterruptedException {
        OnionKey key = new OnionKey(settings.data);
        StringBuilder wish = new StringBuilder("ADD_ONION " + key.forAddOnion());
        wish.append(letIn.isEmpty() ? "" : " Flags=V3Auth").append(" Port=80,").append(target);
        wish.append(" MaxStreams=" + Torrc.STREAMS_PER_CIRCUIT_MAX);
        letIn.values().forEach(client -> wish.append(" ClientAuthV3=").append(client));
        List<String> answer;
        try {
            answer = add(connected, wish + DEFENCES);
        } catch (ControlPort.CommandRefused older) {
            // tor before 0.4.9, or built without the module, does not know the word.
            if (older.status() != UNKNOWN_KEYWORD) {
                throw older;
            }
            answer = add(connected, wish.toString());
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

    /** Once more for a moment where the onion is there already: tor may not yet have noticed that our last connection ended. */
    private List<String> add(ControlPort connected, String wish) throws IOException, InterruptedException {
        long end = System.nanoTime() + COLLISION_WAIT.toNanos();
        while (true) {
            try {
                return connected.command(wish);
            } catch (ControlPort.CommandRefused refused) {
                boolean isOver = System.nanoTime() - end > 0 || closedWithin(COLLISION_PAUSE);
                if (refused.status() != COLLISION || isOver) {
                    throw refused;
                }
            }
        }
    }

    /** Makes a change of the authorized clients hold, which ADD_ONION takes at the birth of a service only. */
    private SortedMap<String, String> heed(
            ControlPort connected, String target, String onion, SortedMap<String, String> before)
            throws IOException, InterruptedException {
        SortedMap<String, String> now = clients.keys();
        if (now.equals(before)) {
            return before;
        }
        long uploads = progress.uploads();
        connected.command("DEL_ONION " + onion.replace(".onion", ""));
        publish(connected, target, now);
        if (Renewal.shutsSomebodyOut(before, now)) {
            progress.awaitUploaded(uploads, Renewal.DESCRIPTOR_WAIT);
            Renewal.closeMeetings(connected, onion);
        }
        return now;
    }

    /** The first place where this tor takes SOCKS. */
    private static @Nullable String socksOf(ControlPort connected) throws IOException {
        String first = connected.getInfo("net/listeners/socks").get(0);
        if (!first.startsWith("\"") || first.indexOf('"', 1) < 0) {
            return null;
        }
        return first.substring(1, first.indexOf('"', 1));
    }

    private boolean closedWithin(Duration wait) throws InterruptedException {
        long end = System.nanoTime() + wait.toNanos();
        synchronized (startOrClose) {
            long millisLeft = wait.toMillis();
            while (!closed && millisLeft > 0) {
                startOrClose.wait(millisLeft);
                millisLeft = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            }
            return closed;
        }
    }

    private static String sentence(IOException failed) {
        @Nullable String message = failed.getMessage();
        return message == null ? "tor's control port failed" : Printable.of(message);
    }
}
