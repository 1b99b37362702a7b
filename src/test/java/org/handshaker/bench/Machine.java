// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import de.mkammerer.argon2.Argon2;
import de.mkammerer.argon2.Argon2Factory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/** What this machine can do at best, without a relay. */
final class Machine {
    static final int CORES = Runtime.getRuntime().availableProcessors();

    private Machine() {}

    /** Bare hashes with the relay's default parameters, one per core at a time. */
    static Rate argon2(Duration longest) {
        Argon2 argon2 = Argon2Factory.create(Argon2Factory.Argon2Types.ARGON2id);
        byte[] password = "a password of some length".getBytes(StandardCharsets.UTF_8);
        argon2.hash(3, 65_536, 1, password);
        return Rate.measure(CORES, 1_000, longest, worker -> argon2.hash(3, 65_536, 1, password));
    }

    /** Rows of 1 KiB, so many in each transaction, each transaction on the disk before the next. */
    static Rate sqlite(Path directory, int batch, Duration longest) throws SQLException {
        Path file = directory.resolve("raw-" + batch + ".db");
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement setup = connection.createStatement()) {
            for (String pragma :
                    new String[] {"journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY"}) {
                setup.execute("PRAGMA " + pragma);
            }
            setup.execute("CREATE TABLE body (id INTEGER PRIMARY KEY, queue BLOB NOT NULL, body BLOB NOT NULL) STRICT");
            connection.setAutoCommit(false);
            byte[] queue = new byte[16];
            byte[] body = new byte[1_024];
            try (PreparedStatement insert =
                    connection.prepareStatement("INSERT INTO body (queue, body) VALUES (?, ?)")) {
                Rate batches = Rate.measure(1, 100_000 / batch, longest, worker -> {
                    for (int i = 0; i < batch; i++) {
                        insert.setBytes(1, queue);
                        insert.setBytes(2, body);
                        insert.addBatch();
                    }
                    insert.executeBatch();
                    connection.commit();
                });
                return new Rate(
                        batches.count() * batch, batches.seconds(), batches.medianMillis(), batches.p99Millis());
            }
        }
    }
}
