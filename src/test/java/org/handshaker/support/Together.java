// SPDX-License-Identifier: MIT
package org.handshaker.support;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.handshaker.core.Refused;

/** Runs things at the same moment on threads of their own. */
public final class Together {
    private Together() {}

    /** The results in the order of the actions; a refusal is the result of the action that was refused. */
    public static List<Object> run(Callable<?>... actions) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(actions.length);
        try {
            CyclicBarrier start = new CyclicBarrier(actions.length);
            List<Future<Object>> futures = new ArrayList<>();
            for (Callable<?> action : actions) {
                futures.add(threads.submit(() -> {
                    start.await();
                    return action.call();
                }));
            }
            List<Object> results = new ArrayList<>();
            for (Future<Object> future : futures) {
                results.add(resultOf(future));
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    private static Object resultOf(Future<Object> future) throws Exception {
        try {
            return future.get();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof Refused refused) {
                return refused.reason();
            }
            throw failed;
        }
    }
}
