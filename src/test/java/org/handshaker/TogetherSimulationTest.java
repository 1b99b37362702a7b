// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random changes of groups, keys handed round, sends, invites made, taken back and redeemed by one or by all at once, rooms,
 * deleted accounts, jumps in time, sweeps, restarts and kills in the middle, each compared with a model: who is in a group in
 * which epoch, what reaches whom, what each invite is still good for, which bodies are needed. Prints its seeds; a failure names
 * its own, and {@code -Dseed=N} throws the same dice again (but for who comes first where several come at once).
 */
class TogetherSimulationTest {
    /** With {@link #STEPS} twelve thousand. */
    private static final int RUNS = 6;

    private static final int STEPS = 2_000;
    private static final int THREADS = Math.min(4, Runtime.getRuntime().availableProcessors());
    /** Whether a commit outlives a power cut cannot be seen from inside: no need to wait for a disk. */
    private static final Path IN_MEMORY = Path.of("/dev/shm");

    @TempDir
    Path directory;

    @Test
    void groupsInvitesAndRoomsAreWhatTheModelSays() throws Exception {
        Long asked = Long.getLong("seed");
        run(asked == null ? new Random().longs(RUNS).boxed().toList() : List.of(asked));
    }

    /** {@code -Dexcluded.tests= -Dgroups=soak -Dsoak.minutes=240}; a minute without. */
    @Test
    @Tag("soak")
    void groupsInvitesAndRoomsAreWhatTheModelSaysForLong() throws Exception {
        long end = System.nanoTime()
                + Duration.ofMinutes(Integer.getInteger("soak.minutes", 1)).toNanos();
        while (System.nanoTime() < end) {
            run(new Random().longs(THREADS).boxed().toList());
        }
    }

    private void run(List<Long> seeds) throws Exception {
        System.out.println("together simulation: seeds " + seeds + ", " + STEPS + " steps each");
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (long seed : seeds) {
                runs.add(threads.submit(() -> {
                    simulate(seed);
                    return true;
                }));
            }
            for (Future<?> run : runs) {
                run.get();
            }
        } catch (ExecutionException failed) {
            throw new AssertionError(failed.getCause());
        } finally {
            threads.shutdownNow();
        }
    }

    private void simulate(long seed) throws Exception {
        Path place = Files.isWritable(IN_MEMORY) ? IN_MEMORY : directory;
        Path data = Files.createTempDirectory(place, "together");
        try (TogetherSimulation simulation = new TogetherSimulation(data, new Random(seed))) {
            for (int step = 0; step < STEPS; step++) {
                String what = "a step";
                try {
                    what = simulation.step();
                    simulation.compare(step);
                } catch (RuntimeException | AssertionError failed) {
                    throw new AssertionError("seed " + seed + ", step " + step + ", " + what, failed);
                }
            }
            simulation.finish();
        } finally {
            delete(data);
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
