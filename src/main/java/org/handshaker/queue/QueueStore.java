// SPDX-License-Identifier: MIT
package org.handshaker.queue;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.handshaker.core.Id;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * The SQL of the queues. Insert and delete run thousands of times a second: they are raw prepared statements on the writer, and
 * rows go to the driver as batches, because around each single update it does more than the row needs (decision 21).
 */
final class QueueStore {
    private static final String INSERT =
            """
            INSERT INTO events (queue, seq, expires_at, class, sender, event_id, body, sealing)
            VALUES (?, ?, ?, ?, ?, ?, ?, 1)""";
    private static final String INSERT_REFERENCE =
            """
            INSERT INTO events (queue, seq, expires_at, class, sender, event_id, body, shared, sealing)
            VALUES (?, ?, ?, ?, ?, ?, x'', ?, 1)""";
    private static final String BODIES =
            """
            SELECT seq, event_id, class, expires_at, coalesce(shared_bodies.body, events.body), shared IS NOT NULL, sealing
            FROM events LEFT JOIN shared_bodies ON shared_bodies.row = shared
            WHERE queue = ? AND seq BETWEEN ? AND ?""";
    private static final String DELETE = "DELETE FROM events WHERE queue = ? AND seq = ?";

    /** Bodies deleted in one change by the sweeper, unless a single one is larger. */
    private static final int EXPIRING_BYTES_MAX = 2 * 1_024 * 1_024;

    /**
     * Prepared on the writer's connection, of which a store sees only one in its life; only the commit thread comes here. The
     * driver closes a statement that fails, so it is prepared again then.
     */
    private @Nullable PreparedStatement insert;

    private @Nullable PreparedStatement insertReference;

    private @Nullable PreparedStatement delete;

    /** One for each reading connection, which one thread at a time has. */
    private final Map<Connection, PreparedStatement> bodies = new ConcurrentHashMap<>();

    /** An entry and its body as it will lie on the disk. */
    record Sealed(Entry entry, byte[] body) {}

    /** An event whose body lies elsewhere, once for many. */
    record Reference(long queue, Entry entry) {}

    record QueueRow(long queue, long reserved, long expired) {}

    record SealedEvent(
            long seq,
            Id eventId,
            EventClass eventClass,
            Instant expiresAt,
            byte[] body,
            boolean isShared,
            boolean isWrapped) {}

    Optional<QueueRow> find(Handle handle, byte[] owner) {
        return handle.createQuery("SELECT queue, reserved, expired FROM queues WHERE owner = :owner")
                .bind("owner", owner)
                .map((row, context) ->
                        new QueueRow(row.getLong("queue"), row.getLong("reserved"), row.getLong("expired")))
                .findOne();
    }

    /** Makes sure that no seq up to {@code upTo} is given out again; creates the queue on its first event. */
    QueueRow reserve(Handle handle, byte[] owner, long upTo) {
        return handle.createQuery(
                        """
                        INSERT INTO queues (owner, reserved, expired) VALUES (:owner, :up_to, 0)
                        ON CONFLICT (owner) DO UPDATE SET reserved = max(reserved, excluded.reserved)
                        RETURNING queue, reserved, expired""")
                .bind("owner", owner)
                .bind("up_to", upTo)
                .map((row, context) ->
                        new QueueRow(row.getLong("queue"), row.getLong("reserved"), row.getLong("expired")))
                .one();
    }

    /** As {@link #reserve}, for a queue that may be gone. */
    Optional<QueueRow> reserveMore(Handle handle, byte[] owner, long upTo) {
        return find(handle, owner).map(known -> reserve(handle, owner, upTo));
    }

    List<Entry> entries(Handle handle, long queue) {
        return handle.createQuery(
                        """
                        SELECT seq, event_id, class, sender, expires_at, shared IS NOT NULL AS is_shared,
                            length(coalesce(shared_bodies.body, events.body)) AS bytes
                        FROM events LEFT JOIN shared_bodies ON shared_bodies.row = shared
                        WHERE queue = :queue ORDER BY seq""")
                .bind("queue", queue)
                .map((row, context) -> entry(row))
                .list();
    }

    private static Entry entry(ResultSet row) throws SQLException {
        Entry entry = new Entry(
                row.getLong("seq"),
                Id.of(row.getBytes("event_id")),
                EventClass.of(row.getInt("class")),
                Id.of(row.getBytes("sender")),
                row.getLong("expires_at"),
                row.getInt("bytes"),
                Entry.State.STORED,
                null);
        entry.isShared = row.getBoolean("is_shared");
        return entry;
    }

    /** All events of a stretch, ends included. */
    List<SealedEvent> bodies(Handle reader, long queue, long firstSeq, long lastSeq) {
        try {
            PreparedStatement select = bodies.computeIfAbsent(reader.getConnection(), QueueStore::prepareBodies);
            select.setLong(1, queue);
            select.setLong(2, firstSeq);
            select.setLong(3, lastSeq);
            List<SealedEvent> found = new ArrayList<>();
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    found.add(new SealedEvent(
                            row.getLong(1),
                            Id.of(row.getBytes(2)),
                            EventClass.of(row.getInt(3)),
                            Instant.ofEpochSecond(row.getLong(4)),
                            row.getBytes(5),
                            row.getBoolean(6),
                            row.getInt(7) == Bodies.WRAPPED));
                }
            }
            return found;
        } catch (SQLException failed) {
            bodies.remove(reader.getConnection());
            throw new UnableToExecuteStatementException(failed, null);
        }
    }

    private static PreparedStatement prepareBodies(Connection reader) {
        try {
            return reader.prepareStatement(BODIES);
        } catch (SQLException failed) {
            throw new UnableToExecuteStatementException(failed, null);
        }
    }

    /**
     * Puts rows into a queue, or none where it is gone meanwhile with its owner. Then the foreign key refuses the first of them, and what
     * else is in the transaction stands: asked for beforehand, each queue would be looked up twice.
     */
    void insert(Handle handle, long queue, List<Sealed> events) {
        try {
            if (insert == null) {
                insert = handle.getConnection().prepareStatement(INSERT);
            }
            // Of whatever broke off before it was run.
            insert.clearBatch();
            for (Sealed event : events) {
                Entry entry = event.entry;
                insert.setLong(1, queue);
                insert.setLong(2, entry.seq);
                insert.setLong(3, entry.expiresAtSeconds);
                insert.setInt(4, entry.eventClass.code());
                insert.setBytes(5, entry.senderTag.bytes());
                insert.setBytes(6, entry.eventId.bytes());
                insert.setBytes(7, event.body);
                insert.addBatch();
            }
            insert.executeBatch();
        } catch (SQLException failed) {
            insert = closed(insert);
            if (isQueueGone(failed)) {
                return;
            }
            throw new UnableToExecuteStatementException(failed, null);
        }
    }

    private static boolean isQueueGone(SQLException failed) {
        return failed instanceof SQLiteException refused
                && refused.getResultCode() == SQLiteErrorCode.SQLITE_CONSTRAINT_FOREIGNKEY;
    }

    /** A body that lies here once for many, and goes with the last event that refers to it; nothing where none does. */
    void insertShared(Handle handle, byte[] body, List<Reference> references) {
        if (references.isEmpty()) {
            return;
        }
        long row = handle.createQuery("INSERT INTO shared_bodies (refs, body) VALUES (:refs, :body) RETURNING row")
                .bind("refs", references.size())
                .bind("body", body)
                .mapTo(Long.class)
                .one();
        try {
            if (insertReference == null) {
                insertReference = handle.getConnection().prepareStatement(INSERT_REFERENCE);
            }
            insertReference.clearBatch();
            for (Reference reference : references) {
                Entry entry = reference.entry;
                insertReference.setLong(1, reference.queue);
                insertReference.setLong(2, entry.seq);
                insertReference.setLong(3, entry.expiresAtSeconds);
                insertReference.setInt(4, entry.eventClass.code());
                insertReference.setBytes(5, entry.senderTag.bytes());
                insertReference.setBytes(6, entry.eventId.bytes());
                insertReference.setLong(7, row);
                insertReference.addBatch();
            }
            insertReference.executeBatch();
        } catch (SQLException failed) {
            insertReference = closed(insertReference);
            throw new UnableToExecuteStatementException(failed, null);
        }
    }

    int delete(Handle handle, long queue, List<Entry> entries) {
        try {
            if (delete == null) {
                delete = handle.getConnection().prepareStatement(DELETE);
            }
            delete.clearBatch();
            for (Entry entry : entries) {
                delete.setLong(1, queue);
                delete.setLong(2, entry.seq);
                delete.addBatch();
            }
            int deleted = 0;
            for (int rows : delete.executeBatch()) {
                deleted += rows;
            }
            return deleted;
        } catch (SQLException failed) {
            delete = closed(delete);
            throw new UnableToExecuteStatementException(failed, null);
        }
    }

    /** The driver leaves it open or not, depending on how it failed; either way it is not used again. */
    private static @Nullable PreparedStatement closed(@Nullable PreparedStatement failed) {
        try {
            if (failed != null) {
                failed.close();
            }
        } catch (SQLException alreadyClosed) {
            return null;
        }
        return null;
    }

    /** All but what came through a group. */
    int deleteFrom(Handle handle, long queue, Id senderTag) {
        return handle.createUpdate("DELETE FROM events WHERE queue = :queue AND sender = :sender AND shared IS NULL")
                .bind("queue", queue)
                .bind("sender", senderTag.bytes())
                .execute();
    }

    void deleteQueue(Handle handle, byte[] owner) {
        handle.createUpdate("DELETE FROM queues WHERE owner = :owner")
                .bind("owner", owner)
                .execute();
    }

    long addExpired(Handle handle, long queue, int count) {
        return handle.createQuery("UPDATE queues SET expired = expired + :count WHERE queue = :queue RETURNING expired")
                .bind("count", count)
                .bind("queue", queue)
                .mapTo(Long.class)
                .findOne()
                .orElse(0L);
    }

    /** Deletes a batch of what ran out and counts it in each queue's total; its bodies fit the WAL of a full disk. */
    int expire(Handle handle, Instant now, int rowsMax) {
        int fitting = handle.createQuery(
                        """
                        SELECT count(*) FROM
                            (SELECT sum(coalesce(length(shared_bodies.body) / max(1, refs), length(events.body)))
                                OVER (ORDER BY expires_at, events.row) AS bytes
                             FROM events LEFT JOIN shared_bodies ON shared_bodies.row = shared
                             WHERE expires_at <= :now ORDER BY expires_at, events.row LIMIT :rows_max)
                        WHERE bytes <= :bytes_max""")
                .bind("now", now.getEpochSecond())
                .bind("rows_max", rowsMax)
                .bind("bytes_max", EXPIRING_BYTES_MAX)
                .mapTo(Integer.class)
                .one();
        Map<Long, Integer> counts = new HashMap<>();
        handle.createQuery(
                        """
                        DELETE FROM events WHERE row IN
                            (SELECT row FROM events WHERE expires_at <= :now ORDER BY expires_at, row LIMIT :rows_max)
                        RETURNING queue""")
                .bind("now", now.getEpochSecond())
                .bind("rows_max", Math.max(1, fitting))
                .mapTo(Long.class)
                .forEach(queue -> counts.merge(queue, 1, Integer::sum));
        counts.forEach((queue, count) -> addExpired(handle, queue, count));
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }
}
