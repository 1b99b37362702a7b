// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.handshaker.core.Id;
import org.handshaker.core.Limits;
import org.handshaker.core.MailAddress;
import org.handshaker.core.Refused;
import org.handshaker.core.Secret;
import org.handshaker.core.Standing;
import org.handshaker.core.Username;
import org.jspecify.annotations.Nullable;

/**
 * Does what nobody may hear in an answer, after it: looks whether the address is the account's, and mails the code. Whoever asks
 * is put in line and told the same; when the line is full, or a mail is lost, nobody is told and the user asks again.
 *
 * <p>Each standing has a line of its own, so that strangers take no place of known devices. In each, one thread checks and
 * another sends: how long the mail server takes must not show in how fast addresses are checked, or guessing would be answered.
 * Addresses are wiped when they have been used.
 */
final class Outbox implements AutoCloseable {
    private static final int IDLE_SECONDS = 30;

    private record Asked(Username name, Id reset, MailAddress address, Standing standing) {
        @Override
        public String toString() {
            return "Asked";
        }
    }

    private record Line(ThreadPoolExecutor checker, ThreadPoolExecutor sender) {}

    private final Post post;
    private final RecoveryMail mail;
    private final Resets resets;
    private final Map<Standing, Line> lines = new EnumMap<>(Standing.class);
    private final CountDownLatch closed = new CountDownLatch(1);

    Outbox(Post post, RecoveryMail mail, Resets resets) {
        this.post = post;
        this.mail = mail;
        this.resets = resets;
        for (Standing standing : Standing.values()) {
            lines.put(
                    standing,
                    new Line(worker("mail check", Limits.MAILS_WAITING_MAX), worker("mail", Limits.MAILS_OUT_MAX)));
        }
    }

    private static ThreadPoolExecutor worker(String name, int waitingMax) {
        ThreadPoolExecutor worker = new ThreadPoolExecutor(
                1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(waitingMax), task -> {
                    Thread thread = new Thread(task, name);
                    thread.setDaemon(true);
                    return thread;
                });
        worker.allowCoreThreadTimeOut(true);
        return worker;
    }

    /**
     * Mails the code of this reset to the address if it is the account's. Returns at once, and says nothing.
     *
     * @param address is wiped here
     */
    void ask(Username name, Id reset, MailAddress address, Standing standing) {
        enqueue(line(standing).checker, new Asked(name, reset, address, standing), this::check);
    }

    private static void enqueue(ThreadPoolExecutor worker, Asked asked, Consumer<Asked> work) {
        try {
            worker.execute(() -> work.accept(asked));
        } catch (RejectedExecutionException fullOrClosed) {
            asked.address.wipe();
        }
    }

    private void check(Asked asked) {
        boolean goesOn = false;
        try {
            goesOn = fits(asked)
                    && resets.isLive(asked.name, asked.reset)
                    && (post.mails() == null || post.mails().mayGo(asked.address, asked.standing));
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException storeIsBusyOrClosed) {
            // Nobody is told; whoever waits for a mail asks again.
            goesOn = false;
        } finally {
            if (goesOn) {
                enqueue(line(asked.standing).sender, asked, this::send);
            } else {
                asked.address.wipe();
            }
        }
    }

    /** Hashing goes through admission as everybody's does, and waits longer for it than a person could. */
    private boolean fits(Asked asked) throws InterruptedException {
        for (int check = 1; check <= Limits.MAIL_CHECKS_MAX; check++) {
            try {
                return post.admission()
                        .admit(asked.standing, () -> mail.fits(asked.name, asked.address))
                        .join();
            } catch (Refused | CompletionException failed) {
                boolean isBusy = failed instanceof Refused || failed.getCause() instanceof Refused;
                if (!isBusy) {
                    throw failed;
                }
                if (closed.await(Limits.MAIL_CHECK_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                    return false;
                }
            }
        }
        return false;
    }

    private void send(Asked asked) {
        try {
            // It may have waited: no mail shall bring a code that has run out.
            if (resets.isLive(asked.name, asked.reset)) {
                try (Secret otp = resets.otp(asked.name, asked.reset)) {
                    post.mailer().send(asked.address, otp);
                }
            }
        } catch (RuntimeException lost) {
            // Where it went and why it did not arrive is written down nowhere.
            return;
        } finally {
            asked.address.wipe();
        }
    }

    /** How full the strangers' line is, 0 to 1. */
    double strain() {
        return (double) line(Standing.STRANGER).checker.getQueue().size() / Limits.MAILS_WAITING_MAX;
    }

    private Line line(Standing standing) {
        @Nullable Line line = lines.get(standing);
        if (line == null) {
            throw new IllegalStateException("every standing has a line");
        }
        return line;
    }

    /** What has not gone by now does not go. */
    @Override
    public void close() {
        closed.countDown();
        for (Line line : lines.values()) {
            line.checker.shutdownNow();
            line.sender.shutdownNow();
        }
    }
}
