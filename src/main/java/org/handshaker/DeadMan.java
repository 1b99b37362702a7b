// SPDX-License-Identifier: MIT
package org.handshaker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;
import org.handshaker.core.PrivateFile;
import org.handshaker.core.Unusable;
import org.handshaker.store.Expiring;
import org.jdbi.v3.core.Handle;

/**
 * Destroys everything when the operator has been silent for too long. A sign of life is the hour in a small file, which
 * {@code handshaker alive} writes; a relay that starts is none, because machines start by themselves. The sweeper has it look
 * twice a minute, by the time that is certain: a clock that is set ahead does not end anything.
 */
final class DeadMan implements Expiring {
    private static final String FILE = "alive";
    private static final long HOUR_SECONDS = 3_600;

    private final Path data;
    private final Duration patience;
    private final Supplier<Instant> certainly;
    private final Runnable panic;

    DeadMan(Path data, Duration patience, Supplier<Instant> certainly, Runnable panic) {
        this.data = data;
        this.patience = patience;
        this.certainly = certainly;
        this.panic = panic;
    }

    /** A sign of life. */
    static void sign(Path data, Instant now) {
        String hour = Long.toString(now.getEpochSecond() / HOUR_SECONDS);
        try {
            PrivateFile.replace(data.resolve(FILE), hour.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException impossible) {
            throw new Unusable("There is no data directory that can be written: check --data.", impossible);
        }
    }

    @Override
    public int expire(Handle handle, Instant now) {
        Instant certain = certainly.get();
        Path file = data.resolve(FILE);
        try {
            long hour = Long.parseLong(
                    Files.readString(file, StandardCharsets.US_ASCII).strip());
            // Earlier versions made it readable to whom the umask let: when somebody was here is nobody's business.
            PrivateFile.close(file);
            if (certain.isAfter(Instant.ofEpochSecond(hour * HOUR_SECONDS).plus(patience))) {
                panic.run();
            }
        } catch (IOException | NumberFormatException none) {
            // The first start with it, or a file that says nothing: the patience begins now.
            sign(data, certain);
        }
        return 0;
    }
}
