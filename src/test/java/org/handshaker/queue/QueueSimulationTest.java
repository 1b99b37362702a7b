// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random sends, acks, polls, devices that come and go, jumps in time, refused changes, restarts and crashes, each compared
 * with a model that knows nothing of memory or SQL. A failure names its seed; {@code -Dseed=N} runs that one again.
 */
class QueueSimulationTest {
    private static final int RUNS = 8;
    private static final int STEPS = 2_500;

    @TempDir
    Path directory;

    static LongStream seeds() {
        Long asked = Long.getLong("seed");
        return asked == null ? new Random().longs(RUNS) : LongStream.of(asked);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void behavesAsItsModel(long seed) throws Exception {
        run(seed, STEPS);
    }

    /** {@code -Dexcluded.tests= -Dgroups=soak -Dsoak=RUNS}. */
    @Test
    @Tag("soak")
    void behavesAsItsModelForLong() throws Exception {
        for (int i = 0; i < Integer.getInteger("soak", 100); i++) {
            run(new Random().nextLong(), 4 * STEPS);
        }
    }

    private void run(long seed, int steps) throws Exception {
        Path data = Files.createDirectories(directory.resolve("run" + seed));
        try (QueueSimulation simulation = new QueueSimulation(data, new Random(seed))) {
            for (int step = 0; step < steps; step++) {
                String what = "a step";
                try {
                    what = simulation.step();
                    simulation.compare();
                } catch (RuntimeException | AssertionError failed) {
                    throw new AssertionError("seed " + seed + ", step " + step + ", " + what, failed);
                }
            }
        }
    }
}
