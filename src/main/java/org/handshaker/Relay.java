// SPDX-License-Identifier: MIT
package org.handshaker;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.handshaker.admin.AdminRoutes;
import org.handshaker.admin.Announcement;
import org.handshaker.admin.Inviting;
import org.handshaker.admin.Memory;
import org.handshaker.admin.Status;
import org.handshaker.admin.Whole;
import org.handshaker.auth.Auth;
import org.handshaker.auth.Post;
import org.handshaker.auth.Sessions;
import org.handshaker.client.MailCarrier;
import org.handshaker.client.Postman;
import org.handshaker.client.Visit;
import org.handshaker.connections.ConnectionRoutes;
import org.handshaker.connections.Connections;
import org.handshaker.core.Caller;
import org.handshaker.core.Config;
import org.handshaker.core.Cost;
import org.handshaker.core.Id;
import org.handshaker.core.KeyFile;
import org.handshaker.core.Limits;
import org.handshaker.core.Refusals;
import org.handshaker.core.Refused;
import org.handshaker.core.Standing;
import org.handshaker.core.StoreKey;
import org.handshaker.core.Unusable;
import org.handshaker.core.Vault;
import org.handshaker.directory.Directory;
import org.handshaker.directory.DirectoryRoutes;
import org.handshaker.groups.GroupRoutes;
import org.handshaker.groups.Groups;
import org.handshaker.guard.Admission;
import org.handshaker.guard.Guesses;
import org.handshaker.guard.Hammering;
import org.handshaker.guard.Mails;
import org.handshaker.guard.Newcomers;
import org.handshaker.guard.Puzzle;
import org.handshaker.guard.RateLimiter;
import org.handshaker.guard.Strain;
import org.handshaker.guard.Takings;
import org.handshaker.invites.InviteRoutes;
import org.handshaker.invites.Invites;
import org.handshaker.keylog.KeyLog;
import org.handshaker.keylog.KeyLogRoutes;
import org.handshaker.prekeys.PrekeyRoutes;
import org.handshaker.prekeys.Prekeys;
import org.handshaker.presence.Presence;
import org.handshaker.push.Push;
import org.handshaker.push.PushRoutes;
import org.handshaker.queue.ChainPlaces;
import org.handshaker.queue.Queue;
import org.handshaker.queue.QueueRoutes;
import org.handshaker.queue.Ratchet;
import org.handshaker.queue.ThreadTimer;
import org.handshaker.queue.Timer;
import org.handshaker.rooms.RoomRoutes;
import org.handshaker.rooms.Rooms;
import org.handshaker.signaling.Signaling;
import org.handshaker.signaling.SignalingRoutes;
import org.handshaker.signaling.Sockets;
import org.handshaker.signaling.TurnCredentials;
import org.handshaker.store.Database;
import org.handshaker.store.Expiring;
import org.handshaker.store.Sweeper;
import org.handshaker.tor.ControlOnion;
import org.handshaker.tor.ManagedOnion;
import org.handshaker.tor.OnionHealth;
import org.handshaker.tor.OnionNews;
import org.handshaker.tor.OnionService;
import org.handshaker.tor.OnionVitals;
import org.handshaker.tor.SelfProbe;
import org.handshaker.tor.TorrcOnion;
import org.handshaker.web.Access;
import org.handshaker.web.Gate;
import org.handshaker.web.Hosts;
import org.handshaker.web.PageRoutes;
import org.handshaker.web.Reply;
import org.handshaker.web.Route;
import org.handshaker.web.WebServer;
import org.jspecify.annotations.Nullable;

/** The wiring: every object of the relay, built here by constructor and in order; nothing else knows them all. */
public final class Relay implements AutoCloseable {
    private final Config config;
    private final Announcer announcer;
    private final Doors doors;
    private final Database database;
    private final Admission admission;
    private final Ratchet ratchet;
    private final Queue queue;
    private final Sockets sockets;
    private final Auth auth;
    private final @Nullable MailCarrier mail;
    private final Push push;
    private final Sweeper sweeper;
    private final List<Route> routes;
    private final Hosts hosts;
    private final WebServer web;
    /** A door beside tor's, for this machine. */
    private final @Nullable WebServer local;

    private final @Nullable OperatorDoor operator;
    private final Announcement announcement;
    private final Refusals refusals = new Refusals();

    private final OnionService onion;
    private final OnionHealth health = new OnionHealth();
    private final SelfProbe probe;
    private final Hammering hammering;
    private final AtomicBoolean isClosed = new AtomicBoolean();
    private volatile boolean isDestroyed;
    private volatile Runnable whenDestroyed = () -> {};
    private final AtomicBoolean wasPublished = new AtomicBoolean();
    private volatile boolean isDrained;
    private volatile Runnable whenToldToEnd = () -> {};

    public Relay(Config config, InstantSource time, Announcer announcer) {
        this(config, time, announcer, () -> {
            throw new Unusable("Nobody can be asked for the master key here: name its file with --key-file.");
        });
    }

    /** @param typedKey asks for the master key, 32 bytes, where it lies in no file */
    public Relay(Config config, InstantSource time, Announcer announcer, Supplier<byte[]> typedKey) {
        this.config = config;
        this.announcer = announcer;
        this.doors = new Doors(config);
        Vault vault = openVault(config, announcer, typedKey);
        this.database = Database.open(config.data());
        @Nullable Ratchet openedRatchet = null;
        try {
            database.requireKey(vault.blind("key check"));
            if (config.isRestored()) {
                database.renewEpoch();
            }
            boolean isLimited = config.limitsAreOn();
            this.admission = new Admission(
                    Runtime.getRuntime().availableProcessors(),
                    isLimited ? Limits.HASHES_WAITING_MAX : 10_000,
                    isLimited ? Limits.HASH_WAIT : Limits.BODY_WAIT);
            this.onion = onion();
            this.hammering = new Hammering(onion::closeCircuit);
            this.probe = new SelfProbe(onion, health, Visit::reaches, time, config.selfProbe());
            Gate gate = new HouseGate(isLimited ? new RateLimiter() : null, hammering, admission);

            Directory directory = Directory.open(database, vault);
            AtomicReference<@Nullable Presence> presence = new AtomicReference<>();
            this.ratchet = Ratchet.open(
                    database,
                    vault,
                    new ChainPlaces(config),
                    time,
                    System::nanoTime,
                    onion::confirmsTime,
                    config.isRestored() ? Ratchet.Lost.DELETE : Ratchet.Lost.REFUSE);
            openedRatchet = ratchet;
            Timer timer = new ThreadTimer();
            this.queue = new Queue(
                    database,
                    vault,
                    ratchet,
                    new Queue.Times(config.linger(), config.signalTtl(), config.eventTtl()),
                    (viewer, user) -> {
                        Presence known = presence.get();
                        return known != null && known.maySee(user);
                    },
                    timer);
            directory.whenGone(queue::accountGone);
            Connections connections = new Connections(database, directory, queue, vault, time);
            directory.whenGone(connections);
            directory.whenKeyChanges(connections);
            KeyLog keyLog = new KeyLog(database, vault, directory, connections, time);
            directory.whenKeyChanges(keyLog);
            Prekeys prekeys = new Prekeys(database, vault, directory, queue, isLimited ? new Takings() : null, time);
            Strain strain = new Strain();
            strain.watch(admission::strain);
            strain.watch(() -> (double) database.changesWaiting() / Limits.CHANGES_WAITING_MAX);
            strain.watch(Strain::heap);
            Puzzle puzzle = new Puzzle(vault.derive("puzzle"), config.puzzle(), strain::level, time);
            Newcomers newcomers = new Newcomers(puzzle, isLimited ? new Guesses(time) : null);
            this.mail = mail(time);
            this.auth = Auth.open(
                    config,
                    database,
                    vault,
                    directory,
                    newcomers,
                    queue,
                    mail == null ? null : new Post(mail::send, admission, isLimited ? new Mails() : null),
                    database.nativesDirectory(),
                    time);
            strain.watch(auth::mailStrain);
            Sessions sessions = auth.sessions();
            Groups groups = new Groups(database, vault, directory, connections, queue);
            directory.whenGone(groups);
            Invites invites = new Invites(database, vault, directory, connections, groups, time);
            directory.whenGone(invites);
            auth.invitedBy(invites);
            Signaling signaling = new Signaling(directory, connections, groups, queue);
            Rooms rooms = new Rooms(config.roomMembers());
            this.sockets = new Sockets(
                    directory,
                    signaling,
                    queue,
                    (listener, teller) -> new Presence(directory, connections, listener, teller),
                    rooms,
                    sessions,
                    sessions::isLive,
                    gate,
                    config.pads());
            presence.set(sockets.presence());
            directory.whenSettingsChange(sockets.presence()::settingChanged);
            sessions.whenEnded(sockets::sessionEnded);
            TurnCredentials turn = turn();

            this.routes = new ArrayList<>();
            routes.add(Route.get("/health", Access.ANYONE, call -> Reply.ok(new Health(state())))
                    .costs(Cost.NOTHING));
            routes.addAll(new PageRoutes().routes());
            routes.addAll(auth.routes());
            routes.addAll(new DirectoryRoutes(directory, sockets.presence()::online).routes());
            routes.addAll(new PrekeyRoutes(prekeys).routes());
            routes.addAll(new KeyLogRoutes(keyLog).routes());
            routes.addAll(new ConnectionRoutes(connections, directory, sockets.presence()::isOnline).routes());
            routes.addAll(new GroupRoutes(groups, directory).routes());
            routes.addAll(new InviteRoutes(invites).routes());
            routes.addAll(new QueueRoutes(queue, sessions::isLive).routes());
            routes.addAll(new SignalingRoutes(signaling, sockets, turn, time).routes());
            this.push = new Push(
                    database,
                    vault,
                    queue,
                    new Postman(() -> config.torSocks().or(onion::socks)),
                    config.pushContact().orElse(null),
                    config.pushDelay(),
                    timer,
                    time);
            routes.addAll(new PushRoutes(push).routes());

            routes.addAll(new RoomRoutes(rooms).routes());
            routes.addAll(EarlierPaths.of(routes));

            List<Expiring> expiring = new ArrayList<>(auth.expiring());
            expiring.add(connections);
            expiring.add(prekeys);
            expiring.add(invites);
            expiring.add(queue::expire);
            if (!config.identityTtl().isZero()) {
                expiring.add(auth.idle(config.identityTtl(), ratchet::certainly));
            }
            if (!config.deadMan().isZero()) {
                expiring.add(new DeadMan(config.data(), config.deadMan(), ratchet::certainly, () -> {
                    destroy();
                    whenDestroyed.run();
                }));
            }
            this.sweeper = new Sweeper(database, time, expiring);
            this.hosts = new Hosts(Set.copyOf(config.corsOrigins()));
            this.web =
                    new WebServer(config.listen(), front(config.tor()), routes, sessions, gate, hosts, config.pads());
            this.local = config.local()
                    .map(door ->
                            new WebServer(door, WebServer.Front.PLAIN, routes, sessions, gate, hosts, config.pads()))
                    .orElse(null);
            this.announcement = new Announcement(database, directory, queue);
            AdminRoutes admin = new AdminRoutes(
                    () -> status(auth, directory, puzzle, strain),
                    auth,
                    puzzle,
                    (uses, life) -> {
                        Invites.Made made = Invites.byOperator(database, vault, time.instant(), uses, life);
                        return new Inviting.Made(made.token(), made.invite().expiresAt());
                    },
                    announcement,
                    new House());
            this.operator = config.admin()
                    .map(socket -> new OperatorDoor(socket, admin.routes(), gate, config.pads()))
                    .orElse(null);
            strain.watch(web::strain);
        } catch (RuntimeException failed) {
            if (openedRatchet != null) {
                openedRatchet.close();
            }
            database.close();
            throw failed;
        }
    }

    private record Health(String status) {}

    /** While the ratchet waits for the network's time, bodies are kept longer than promised. */
    private String state() {
        return (ratchet.isWaiting() ? OnionHealth.State.DEGRADED : health.state()).word();
    }

    /** Rates (or none) in front, admission behind. */
    private record HouseGate(@Nullable RateLimiter limiter, Hammering hammering, Admission admission) implements Gate {
        @Override
        public void pass(Cost cost, @Nullable Caller caller, OptionalInt circuit) {
            if (limiter == null) {
                return;
            }
            try {
                limiter.pass(cost, caller, circuit);
            } catch (Refused refused) {
                circuit.ifPresent(hammering::refused);
                throw refused;
            }
        }

        @Override
        public boolean isHammering(OptionalInt circuit) {
            return circuit.isPresent() && hammering.isHammering(circuit.getAsInt());
        }

        @Override
        public void passAsStranger(Cost cost) {
            if (limiter != null) {
                limiter.passAsStranger(cost);
            }
        }

        @Override
        public boolean passAsDevice(Cost cost, Id user) {
            return limiter == null || limiter.passAsDevice(cost, user);
        }

        @Override
        public CompletionStage<Reply> admit(Standing standing, Supplier<Reply> work) {
            return admission.admit(standing, work);
        }
    }

    private Status status(Auth auth, Directory directory, Puzzle puzzle, Strain strain) {
        Puzzle.Terms terms = puzzle.terms();
        return new Status(
                state(),
                isDrained,
                word(auth.registration()),
                word(terms.mode()),
                terms.doublingsMin(),
                (int) Math.round(strain.level() * 100),
                directory.count(),
                auth.suspensions().count(),
                sockets.count(),
                queue.queuesInMemory(),
                queue.bytesInMemory(),
                database.changesWaiting(),
                admission.running(),
                admission.waiting(),
                Memory.now(),
                refusals.byCode(),
                announcement.progress(),
                onionStatus());
    }

    private Status.Onion onionStatus() {
        OnionVitals vitals = onion.vitals();
        return new Status.Onion(
                vitals.bootstrapPercent(),
                vitals.isPublished(),
                vitals.descriptorUploads(),
                vitals.descriptorFailures(),
                vitals.torsLost(),
                vitals.circuits(),
                vitals.powEffortMax(),
                hammering.closings(),
                word(health.lastLook()),
                health.lookMillis(),
                health.timeIsRight());
    }

    private static String word(Enum<?> one) {
        return one.name().toLowerCase(Locale.ROOT);
    }

    /** What the operator may ask of all of it. */
    private final class House implements Whole {
        @Override
        public void drain() {
            Relay.this.drain();
        }

        @Override
        public boolean isDrained() {
            return isDrained;
        }

        @Override
        public void end() {
            // What is destroyed has nothing left to commit.
            (isDestroyed ? whenDestroyed : whenToldToEnd).run();
        }

        @Override
        public void destroy() {
            Relay.this.destroy();
        }
    }

    private static Vault openVault(Config config, Announcer announcer, Supplier<byte[]> typedKey) {
        byte[] master = config.isKeyTyped() ? typedKey.get() : keyOfFile(config, announcer);
        try {
            return StoreKey.open(config.data(), master);
        } finally {
            Arrays.fill(master, (byte) 0);
        }
    }

    private static byte[] keyOfFile(Config config, Announcer announcer) {
        Path keyFile = config.keyFile();
        boolean isStoreThere =
                StoreKey.isStoreIn(config.data()) || Files.exists(config.data().resolve(StoreKey.FILE));
        if (!Files.exists(keyFile) && isStoreThere) {
            throw new Unusable("There is a database but no key file, and without its key it cannot be read:"
                    + " put the key file back, or name it with --key-file. Nothing was touched.");
        }
        if (KeyFile.createIfAbsent(keyFile) == KeyFile.Found.CREATED) {
            announcer.tell("A new master key was made, in the file of --key-file. Keep a copy apart from the data:"
                    + " without it the database is unreadable, with it and the data nothing is secret.");
        }
        return KeyFile.read(keyFile);
    }

    /** Destroys the keys and the data, for good. What is in memory goes with the process, which is to end next. */
    public void destroy() {
        isDestroyed = true;
        var unused = new Panic(config).destroy();
    }

    /** @param told what ends the process at once when the relay has destroyed itself */
    public void whenDestroyed(Runnable told) {
        whenDestroyed = told;
    }

    private @Nullable MailCarrier mail(InstantSource time) {
        return MailCarrier.of(config, () -> config.torSocks().or(onion::socks), time)
                .orElse(null);
    }

    private TurnCredentials turn() {
        byte[] secret = config.turnSecretFile().map(TurnCredentials::readSecret).orElse(new byte[0]);
        return TurnCredentials.of(config.turnUrls(), config.stunUrls(), secret);
    }

    /** Where tor can name the circuit it must; over a control port it cannot, and would be locked out. */
    private static WebServer.Front front(Config.Tor tor) {
        return switch (tor) {
            case MANAGED -> WebServer.Front.TOR;
            case TORRC -> WebServer.Front.UNPROVED_TOR;
            case NONE, CONTROL -> WebServer.Front.PLAIN;
        };
    }

    private OnionService onion() {
        News news = new News();
        return switch (config.tor()) {
            case NONE -> new TorrcOnion(null, null);
            case TORRC ->
                new TorrcOnion(config.onion().orElse(null), config.torSocks().orElse(null));
            case MANAGED ->
                new ManagedOnion(
                        new ManagedOnion.Settings(
                                config.torBinary(),
                                config.data(),
                                config.listen().address(),
                                config.torExtra().orElse(null)),
                        news);
            case CONTROL ->
                new ControlOnion(
                        new ControlOnion.Settings(
                                config.torControl().address(),
                                config.torControlPasswordFile().orElse(null),
                                config.torSocks().orElse(null),
                                config.data(),
                                config.listen().address()),
                        news);
        };
    }

    /** What tor says while the onion comes up, told to the operator. */
    private final class News implements OnionNews {
        @Override
        public void onBootstrap(int percent, String summary) {
            announcer.tell("tor: " + percent + "% " + summary);
        }

        @Override
        public void onAddress(String address) {
            hosts.onion(address);
            announcer.tell("This relay's address is http://" + address + " (not reachable before it is published).");
        }

        @Override
        public void onPublished() {
            health.up();
            if (wasPublished.compareAndSet(false, true)) {
                onion.address().ifPresent(announcer::onion);
            } else {
                announcer.tell("This relay is published again.");
            }
            if (!config.selfProbe().isZero()) {
                probe.soon();
            }
        }

        @Override
        public void onUnpublished() {
            health.down();
            announcer.tell("No directory of Tor takes this relay's descriptor now. Newcomers will not find it.");
        }

        @Override
        public void onGone(String sentence) {
            health.down();
            if (!isClosed.get()) {
                announcer.tell(sentence + ". Nobody reaches this relay through Tor now.");
            }
        }
    }

    /** Every route, for those who document and test them. */
    public List<Route> routes() {
        return List.copyOf(routes);
    }

    /** Serves; returns the local address. */
    public String start() {
        if (!config.limitsAreOn()) {
            announcer.tell("LIMITS ARE OFF: no rates, no admission. This relay is for measuring, not for people.");
        }
        if (!config.isKeyTyped() && config.keyFile().startsWith(config.data())) {
            announcer.tell("The key file lies in the data directory: one stolen folder opens everything. Move it.");
        }
        if (config.ratchetFile().startsWith(config.data())) {
            announcer.tell("The file of --ratchet-file lies in the data directory: a copy of it opens what is forgotten"
                    + " later. Move it.");
        }
        if (!config.listen().isLocal()) {
            announcer.tell("EXPOSED: other machines reach this relay in clear text and without Tor.");
        }
        web.whenUnnamed(this::circuitsAreUnnamed);
        web.whenRefused(refusals::count);
        sockets.whenRefused(refusals::count);
        sockets.start();
        ratchet.start();
        sweeper.start();
        doors.remember();
        String address = web.start();
        if (local != null) {
            local.whenRefused(refusals::count);
            announcer.tell("Also, for this machine alone: " + local.start());
        }
        if (operator != null) {
            announcer.tell("For the operator alone: " + operator.start());
        }
        switch (config.tor()) {
            case NONE -> health.up();
            case TORRC -> {
                health.up();
                config.onion().ifPresentOrElse(hosts::onion, hosts::takeAnyOnion);
            }
            case MANAGED ->
                announcer.tell("Starting tor. Until it has published this relay, nobody reaches it from elsewhere.");
            case CONTROL -> announcer.tell(ControlOnion.WEAKER);
        }
        announcer.ready(address);
        onion.start();
        if (!config.selfProbe().isZero()) {
            probe.start();
        }
        return address;
    }

    private void circuitsAreUnnamed() {
        health.down();
        announcer.tell(
                "The first connection did not begin with tor's PROXY line, so this relay no longer listens for tor: put"
                        + " HiddenServiceExportCircuitID haproxy into the onion's block of the torrc, reload tor and start the relay"
                        + " again. Programs of this machine come in by --local.");
    }

    /** @param told runs once the operator wants this relay to end; it must not wait for that end itself */
    public void whenToldToEnd(Runnable told) {
        whenToldToEnd = told;
    }

    /**
     * No new work, what is in memory to the disk and its receipts given, then the sockets. Whoever comes second waits for the
     * first.
     */
    private synchronized void drain() {
        if (isDrained) {
            return;
        }
        isDrained = true;
        sockets.stopIntake();
        push.close();
        auth.close();
        if (mail != null) {
            mail.close();
        }
        queue.close();
        web.stopIntake();
        if (local != null) {
            local.stopIntake();
        }
        announcement.close();
        sockets.close();
    }

    /** Stops in the order that loses nothing: drained first, then the rest. */
    @Override
    public void close() {
        if (!isClosed.compareAndSet(false, true)) {
            return;
        }
        if (operator != null) {
            operator.stopIntake();
        }
        drain();
        web.close();
        if (local != null) {
            local.close();
        }
        if (operator != null) {
            operator.close();
        }
        doors.forget();
        probe.close();
        onion.close();
        sweeper.close();
        admission.close();
        database.close();
        ratchet.close();
    }
}
