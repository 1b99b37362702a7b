// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The onion of a tor that we start, watch, start again when it ends, and end. In the data directory, {@code onion/} holds the
 * onion's key and with it its address (back it up, show it to nobody), {@code tor/} what tor can make anew: its cache, its
 * guards, its torrc. Each tor proves by its control port, before it goes on the network, that it names circuits and is
 * anonymous.
 */
public final class ManagedOnion implements OnionService {
    private static final Pattern ONION = Pattern.compile("[a-z2-7]{56}\\.onion");
    private static final Duration OWN_END_WAIT = Duration.ofSeconds(1);
    private static final Duration END_WAIT = Duration.ofSeconds(12);
    /** How soon a change of the authorized clients is seen. */
    private static final Duration LOOK = Duration.ofSeconds(1);
    /** More often than this tor does not forget; it would put it off. */
    private static final Duration AFRESH = Duration.ofSeconds(11);

    private final Settings settings;
    private final OnionProgress progress;
    private final OnionClients clients;
    private final TorLink link = new TorLink();
    private final Thread thread;
    private final Object startOrClose = new Object();
    private @Nullable TorProcess tor;
    private boolean closed;
    /** Used by one thread only, the one that looks from outside. */
    private long lastAfresh = System.nanoTime() - AFRESH.toNanos();

    /**
     * @param binary tor's path, or its name in {@code PATH}
     * @param data the relay's data directory
     * @param target a Unix socket or 127.0.0.1 port where the relay listens
     * @param extraLines a file whose lines are added to the torrc, such as bridges
     */
    public record Settings(String binary, Path data, SocketAddress target, @Nullable Path extraLines) {
        private Path state() {
            return data.resolve("tor");
        }

        private Path onion() {
            return data.resolve("onion").toAbsolutePath();
        }
    }

    public ManagedOnion(Settings settings, OnionNews news) {
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
        return true;
    }

    @Override
    public void closeCircuit(int circuit) {
        link.closeCircuit(circuit);
    }

    @Override
    public Optional<String> socks() {
        return link.now() == null
                ? Optional.empty()
                : Optional.of("unix:" + Torrc.socksSocket(settings.state()).toAbsolutePath());
    }

    @Override
    public void lookAfresh() throws IOException {
        @Nullable ControlPort control = link.now();
        @Nullable String address = address().orElse(null);
        if (control == null || address == null) {
            throw new IOException("tor is not there");
        }
        if (System.nanoTime() - lastAfresh >= AFRESH.toNanos()) {
            lastAfresh = System.nanoTime();
            control.signal("NEWNYM");
        }
        @Nullable String key = clients.ownPrivateKey().orElse(null);
        if (key != null) {
            control.command("ONION_CLIENT_AUTH_ADD " + address.replace(".onion", "") + " x25519:" + key);
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
        @Nullable TorProcess running;
        synchronized (startOrClose) {
            closed = true;
            startOrClose.notifyAll();
            running = tor;
        }
        if (running != null) {
            running.close();
        }
        link.close();
        try {
            thread.join(END_WAIT.toMillis());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
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
            progress.gone("tor is no longer watched");
        }
    }

    /** The life of one tor; whether another one makes sense. */
    private boolean live() throws InterruptedException {
        try {
            @Nullable TorProcess running = spawn();
            if (running == null) {
                return false;
            }
            try (running) {
                follow(running);
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
        }
    }

    private @Nullable TorProcess spawn() throws IOException {
        TorProcess.privateDirectory(settings.state());
        TorProcess.privateDirectory(settings.onion());
        Torrc.ProofOfWork pow = TorProcess.proofOfWork(settings.binary);
        List<String> lines = lines(pow);
        synchronized (startOrClose) {
            if (closed) {
                return null;
            }
            TorProcess started = TorProcess.start(
                    settings.binary, settings.state().resolve("torrc"), Torrc.controlSocket(settings.state()), lines);
            tor = started;
            return started;
        }
    }

    private List<String> lines(Torrc.ProofOfWork pow) throws IOException {
        List<String> extra = settings.extraLines == null ? List.of() : Files.readAllLines(settings.extraLines);
        return Torrc.managed(settings.state(), settings.onion(), settings.target, pow, extra);
    }

    private void follow(TorProcess running) throws IOException, InterruptedException {
        try (ControlPort control = running.control(progress::event)) {
            ServiceProof.requireAnonymous(control);
            ServiceProof.requireCircuits(control, settings.onion(), Torrc.target(settings.target));
            // tor has made its keys before it answers on its control port, and needs seconds until the first upload.
            progress.address(hostname());
            SortedMap<String, String> letIn = clients.keys();
            control.setEvents("STATUS_CLIENT", "HS_DESC");
            running.rewrite(Torrc::online);
            control.command("SETCONF DisableNetwork=0");
            link.connected(control);
            progress.bootstrap(control.getInfo("status/bootstrap-phase").get(0));
            while (!running.hasEndedWithin(LOOK)) {
                letIn = heed(control, letIn);
            }
            closedWithin(OWN_END_WAIT);
            progress.gone("tor ended with status " + running.status());
        } catch (UnsafeTor unsafe) {
            throw unsafe;
        } catch (IOException lost) {
            throw running.reason(lost);
        }
    }

    /** Makes a change of the authorized clients hold; returns those who are let in now. */
    private SortedMap<String, String> heed(ControlPort control, SortedMap<String, String> before)
            throws IOException, InterruptedException {
        SortedMap<String, String> now = clients.keys();
        if (now.equals(before)) {
            return before;
        }
        if (Renewal.shutsSomebodyOut(before, now)) {
            long uploads = progress.uploads();
            Renewal.ofTorrc(control, settings.onion());
            progress.awaitUploaded(uploads, Renewal.DESCRIPTOR_WAIT);
            Renewal.closeMeetings(control, hostname());
        } else {
            control.signal("RELOAD");
        }
        return now;
    }

    /** Waits, and tells whether we were closed. Ctrl-C reaches tor as it reaches us, and tor is faster: that is no news. */
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

    private String hostname() throws IOException {
        String name = Files.readString(settings.onion().resolve("hostname")).strip();
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
