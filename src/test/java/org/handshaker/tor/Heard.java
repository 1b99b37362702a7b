// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Listens to an onion coming up and lets a test wait for each step. */
final class Heard implements OnionNews {
    private static final int SECONDS_MAX = 60;

    final CompletableFuture<String> address = new CompletableFuture<>();
    final CompletableFuture<Boolean> published = new CompletableFuture<>();
    final CompletableFuture<Boolean> unpublished = new CompletableFuture<>();
    final CompletableFuture<String> gone = new CompletableFuture<>();
    private final List<Integer> percents = new ArrayList<>();

    @Override
    public synchronized void onBootstrap(int percent, String summary) {
        percents.add(percent);
    }

    @Override
    public void onAddress(String onion) {
        address.complete(onion);
    }

    @Override
    public void onPublished() {
        published.complete(true);
    }

    @Override
    public void onUnpublished() {
        unpublished.complete(true);
    }

    @Override
    public void onGone(String sentence) {
        gone.complete(sentence);
        address.completeExceptionally(new IllegalStateException(sentence));
        published.completeExceptionally(new IllegalStateException(sentence));
    }

    synchronized List<Integer> percents() {
        return List.copyOf(percents);
    }

    static <T> T within(CompletableFuture<T> future) {
        try {
            return future.get(SECONDS_MAX, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException missing) {
            throw new AssertionError("not heard within " + SECONDS_MAX + " s", missing);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupted);
        }
    }
}
