// SPDX-License-Identifier: MIT
package org.handshaker.push;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.handshaker.client.Postman;
import org.handshaker.client.RelayUnreachable;
import org.handshaker.core.Caller;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.Vault;
import org.handshaker.queue.Queue;
import org.handshaker.queue.Timer;
import org.handshaker.store.Database;
import org.jspecify.annotations.Nullable;

/**
 * Who wants to be woken, and when they are: a few seconds after an event that nobody was there to take, if it still waits then
 * and still nobody is there; at most once a minute for one user, however much comes. A push service that says that a device is
 * gone is believed. A wake-up that gets lost costs time and never an event.
 */
public final class Push implements AutoCloseable {
    private static final int THREADS = 4;
    /** Wake-ups under way and in line, all users together; more are not sent now. */
    private static final int UNDER_WAY_MAX = 1_000;

    private static final int TRIES_MAX = 3;
    private static final int GONE = 410;
    private static final int NOT_FOUND = 404;

    private final Database database;
    private final Queue queue;
    private final SubscriptionStore subscriptions;
    private final WebPush webPush;
    private final Postman postman;
    private final Timer timer;
    private final Duration delay;
    private final LongSupplier nanos;
    /** Those who have subscribed, or had: the rest is in the database. */
    private final Map<Id, Waking> known = new ConcurrentHashMap<>();

    private final ThreadPoolExecutor senders;

    /** What goes on for one user. Guarded by itself. */
    private static final class Waking {
        boolean isArmed;
        int tries;

        @Nullable
        Long lastNanos;
    }

    /** @param delay how old an event must be for a wake-up */
    public Push(
            Database database,
            Vault vault,
            Queue queue,
            Postman postman,
            @Nullable String contact,
            Duration delay,
            Timer timer,
            InstantSource time) {
        this(database, vault, queue, postman, contact, delay, timer, time, System::nanoTime);
    }

    /** For tests, with a clock of their own. */
    Push(
            Database database,
            Vault vault,
            Queue queue,
            Postman postman,
            @Nullable String contact,
            Duration delay,
            Timer timer,
            InstantSource time,
            LongSupplier nanos) {
        this.database = database;
        this.queue = queue;
        this.postman = postman;
        this.subscriptions = new SubscriptionStore(vault);
        this.webPush = new WebPush(vault, contact, time);
        this.timer = timer;
        this.delay = delay;
        this.nanos = nanos;
        this.senders = new ThreadPoolExecutor(
                THREADS, THREADS, 30, TimeUnit.SECONDS, new LinkedBlockingQueue<>(UNDER_WAY_MAX), task -> {
                    Thread thread = new Thread(task, "push");
                    thread.setDaemon(true);
                    return thread;
                });
        senders.allowCoreThreadTimeOut(true);
        database.read(subscriptions::users).forEach(user -> known.put(user, new Waking()));
        queue.whenUnheard(this::unheard);
    }

    /** The relay's public key for push services (RFC 8292), an uncompressed P-256 point in base64url. */
    public String publicKey() {
        return webPush.publicKey();
    }

    public boolean isSubscribed(Caller caller) {
        return database.read(handle -> subscriptions.isSubscribed(handle, caller.session()));
    }

    /** One endpoint a session: the last one counts. */
    void subscribe(Caller caller, Subscription subscription) {
        Subscription.@Nullable DeviceKeys keys = subscription.keys();
        if (keys != null) {
            WebPush.requireUsable(keys);
        }
        database.write(handle -> {
            subscriptions.put(handle, caller, subscription);
            return true;
        });
        known.computeIfAbsent(caller.user(), user -> new Waking());
    }

    void unsubscribe(Caller caller) {
        var unused = database.free(handle -> subscriptions.remove(handle, caller.session()));
    }

    /** An event came for somebody who is not there. Called for every such event: what is not needed here is not done. */
    private void unheard(Id user) {
        @Nullable Waking waking = known.get(user);
        if (waking == null) {
            return;
        }
        synchronized (waking) {
            if (waking.isArmed) {
                return;
            }
            waking.isArmed = true;
            waking.tries = 0;
            arm(user, waking, untilDue(waking));
        }
    }

    private Duration untilDue(Waking waking) {
        @Nullable Long last = waking.lastNanos;
        Duration rest = last == null ? Duration.ZERO : Limits.PUSH_INTERVAL_MIN.minusNanos(nanos.getAsLong() - last);
        return rest.compareTo(delay) > 0 ? rest : delay;
    }

    private void arm(Id user, Waking waking, Duration wait) {
        var unused = timer.after(wait, () -> {
            try {
                senders.execute(() -> wake(user, waking));
            } catch (RejectedExecutionException crowdedOrClosed) {
                disarm(waking);
            }
        });
    }

    private static void disarm(Waking waking) {
        synchronized (waking) {
            waking.isArmed = false;
        }
    }

    private void wake(Id user, Waking waking) {
        // Before it looks: an event that comes now is either seen here or arms anew.
        disarm(waking);
        boolean isDone;
        try {
            if (queue.isHeard(user) || queue.pending(user) == 0) {
                return;
            }
            synchronized (waking) {
                waking.lastNanos = nanos.getAsLong();
            }
            isDone = wakeAll(user);
        } catch (RuntimeException storeIsBusy) {
            isDone = false;
        }
        synchronized (waking) {
            if (!isDone && !waking.isArmed && ++waking.tries < TRIES_MAX) {
                waking.isArmed = true;
                arm(user, waking, Limits.PUSH_RETRY_WAIT);
            }
        }
    }

    /** Whether none of them is worth another try. */
    private boolean wakeAll(Id user) {
        boolean isDone = true;
        var stored = database.read(handle -> subscriptions.of(handle, user));
        if (stored.isEmpty()) {
            forget(user);
        }
        for (SubscriptionStore.Stored each : stored) {
            isDone &= wakeOne(each);
        }
        return isDone;
    }

    /** Looks once more: whoever subscribes at this moment has written it before being known. */
    private void forget(Id user) {
        known.remove(user);
        if (!database.read(handle -> subscriptions.of(handle, user)).isEmpty()) {
            known.computeIfAbsent(user, again -> new Waking());
        }
    }

    private boolean wakeOne(SubscriptionStore.Stored each) {
        WebPush.Wake wake = webPush.wake(each.subscription());
        try {
            int status = postman.post(each.subscription().endpoint().uri(), wake.headers(), wake.body());
            if (status == GONE || status == NOT_FOUND) {
                var unused = database.free(handle -> subscriptions.remove(handle, each.session()));
            }
            return status < 500 && status != 429;
        } catch (RelayUnreachable notNow) {
            return false;
        }
    }

    @Override
    public void close() {
        senders.shutdownNow();
        postman.close();
    }
}
