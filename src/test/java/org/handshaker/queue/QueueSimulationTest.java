// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import static org.junit.jupiter.api.Assertions.assertTrue;

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
 * Random sends, acks, polls, devices that come and go, jumps in time, refused changes, a disk that is full and has room again,
 * stops, crashes and kills, each compared with a model that knows nothing of memory or SQL. Prints its seeds; a failure names
 * its own, and {@code -Dseed=N} runs that one again.
 */
class QueueSimulationTest {
    /** With {@link #STEPS} a hundred thousand. */
    private static final int RUNS = 8;

    private static final int STEPS = 12_500;
    private static final int THREADS = Math.min(4, Runtime.getRuntime().availableProcessors());
    /** Whether a commit outlives a power cut cannot be seen from inside: no need to wait for a disk. */
    private static final Path IN_MEMORY = Path.of("/dev/shm");

    @TempDir
    Path directory;

    @Test
    void behavesAsItsModel() throws Exception {
        Long asked = Long.getLong("seed");
        run(asked == null ? new Random().longs(RUNS).boxed().toList() : List.of(asked));
    }

    /** {@code -Dexcluded.tests= -Dgroups=soak -Dsoak.minutes=240}; a minute without. */
    @Test
    @Tag("soak")
    void behavesAsItsModelForLong() throws Exception {
        long end = System.nanoTime()
                + Duration.ofMinutes(Integer.getInteger("soak.minutes", 1)).toNanos();
        while (System.nanoTime() < end) {
            run(new Random().longs(THREADS).boxed().toList());
        }
    }

    @Test
    void theDesignPromisesWhatIsChecked() throws IOException {
        String design = Files.readString(Path.of("docs", "design.md")).replaceAll("\\s+", " ");
        for (Invariant invariant : Invariant.values()) {
            assertTrue(design.contains(invariant.line()), "not in docs/design.md: " + invariant.line());
        }
    }

    private void run(List<Long> seeds) throws Exception {
        System.out.println("queue simulation: seeds " + seeds + ", " + STEPS + " steps each");
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
        Path data = Files.createTempDirectory(place, "queues");
        try (QueueSimulation simulation = new QueueSimulation(data, new Random(seed))) {
            for (int step = 0; step < STEPS; step++) {
                String what = "a step";
                try {
                    what = simulation.step();
                    simulation.compare();
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
