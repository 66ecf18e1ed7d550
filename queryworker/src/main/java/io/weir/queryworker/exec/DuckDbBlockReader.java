package io.weir.queryworker.exec;

import io.weir.lake.codec.EncodedBlock;
import io.weir.lake.segment.BlockOrder;
import io.weir.lake.segment.BlockReader;
import io.weir.lake.segment.CorruptSegmentException;
import io.weir.lake.segment.EncodedBlockRow;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.BitSet;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * Reads blocks through DuckDB's public JDBC interface, one query per scan, streamed. The small header columns come packed in two
 * integers, because each getter costs a call per block.
 */
public final class DuckDbBlockReader implements BlockReader {
    /** Longest list of series in a query's text; above, series are picked here. */
    private static final int SERIES_LIST_MAX = 1_000;

    private final DuckDbPool pool;
    private final Path blocks;
    private final String segment;
    private final EncodedBlockRow row;
    private final Object lock = new Object();
    private @Nullable Statement running;
    private boolean cancelled;

    /**
     * @param segment named in errors
     */
    public DuckDbBlockReader(DuckDbPool pool, Path blocks, String segment) {
        this.pool = pool;
        this.blocks = blocks;
        this.segment = segment;
        this.row = new EncodedBlockRow(segment);
    }

    @Override
    public void scan(
            int seriesFrom,
            int seriesTo,
            @Nullable BitSet selected,
            long startMillis,
            long endMillis,
            BlockConsumer consumer) {
        int from = seriesFrom;
        int to = seriesTo;
        if (selected != null) {
            from = selected.nextSetBit(seriesFrom);
            to = Math.min(seriesTo, selected.length());
            if (from < 0) {
                return;
            }
        }
        if (from >= to || startMillis > endMillis) {
            return;
        }
        if (!Files.isRegularFile(blocks)) {
            throw new CorruptSegmentException("blocks of segment " + segment + ": the file is missing");
        }
        String sql = sql(from, to, selected, startMillis, endMillis);
        Connection connection = acquire();
        try {
            run(connection, sql, from, to, selected, consumer);
        } finally {
            pool.release(connection);
        }
    }

    private Connection acquire() {
        try {
            return pool.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            CancellationException cancellation = new CancellationException("interrupted before the scan of " + segment);
            cancellation.initCause(e);
            throw cancellation;
        }
    }

    private String sql(int from, int to, @Nullable BitSet selected, long startMillis, long endMillis) {
        StringBuilder text = new StringBuilder(256);
        text.append("select series, t0, t1, dt, m0, dmin, n::bigint * 4294967296 + tx * 65536 + tw * 256 + kind,")
                .append(" vx::bigint * 1099511627776 + rx::bigint * 65536 + e * 256 + w, bits from read_parquet('")
                .append(blocks.toAbsolutePath().toString().replace("'", "''"))
                .append("') where series >= ")
                .append(from)
                .append(" and series < ")
                .append(to);
        if (startMillis != Long.MIN_VALUE) {
            text.append(" and t1 >= ").append(startMillis);
        }
        if (endMillis != Long.MAX_VALUE) {
            text.append(" and t0 <= ").append(endMillis);
        }
        if (selected != null) {
            int count = selected.get(from, to).cardinality();
            if (count <= SERIES_LIST_MAX && count < to - from) {
                appendSeries(text, from, to, selected);
                // DuckDB makes a join of a long list, and a join does not keep the order of the file.
                text.append(" order by series, t0");
            }
        }
        return text.toString();
    }

    private static void appendSeries(StringBuilder text, int from, int to, BitSet selected) {
        String separator = " and series in (";
        for (int series = selected.nextSetBit(from);
                series >= 0 && series < to;
                series = selected.nextSetBit(series + 1)) {
            text.append(separator).append(series);
            separator = ",";
        }
        text.append(')');
    }

    private void run(
            Connection connection, String sql, int from, int to, @Nullable BitSet selected, BlockConsumer consumer) {
        try (Statement statement = connection.createStatement()) {
            start(statement);
            try (ResultSet rows = statement.executeQuery(sql)) {
                read(rows, from, to, selected, consumer);
            } finally {
                stop();
            }
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    private void start(Statement statement) {
        synchronized (lock) {
            if (cancelled) {
                throw cancellation(null);
            }
            running = statement;
        }
    }

    private void stop() {
        synchronized (lock) {
            running = null;
        }
    }

    private void read(ResultSet rows, int from, int to, @Nullable BitSet selected, BlockConsumer consumer)
            throws SQLException {
        BlockOrder order = new BlockOrder(segment);
        EncodedBlock block = row.block();
        while (rows.next()) {
            int series = rows.getInt(1);
            block.series = series;
            block.t0 = rows.getLong(2);
            block.t1 = rows.getLong(3);
            order.check(series, block.t0, block.t1);
            if (series < from || series >= to) {
                throw new CorruptSegmentException(
                        "DuckDB returned series " + series + " of segment " + segment + ", which was not asked for");
            }
            if (selected != null && !selected.get(series)) {
                continue;
            }
            block.dt = rows.getLong(4);
            block.m0 = rows.getLong(5);
            block.dmin = rows.getLong(6);
            long first = rows.getLong(7);
            block.n = (int) (first >> 32);
            block.tx = (int) (first >> 16) & 0xffff;
            block.tw = (int) (first >> 8) & 0xff;
            block.kind = (int) first & 0xff;
            long second = rows.getLong(8);
            block.vx = (int) (second >> 40);
            block.rx = (int) (second >> 16) & 0xffffff;
            block.e = (int) (second >> 8) & 0xff;
            block.w = (int) second & 0xff;
            block.data = rows.getBytes(9);
            block.offset = 0;
            block.length = block.data.length;
            if (isCancelled()) {
                throw cancellation(null);
            }
            consumer.accept(row);
        }
    }

    private boolean isCancelled() {
        synchronized (lock) {
            return cancelled;
        }
    }

    private CancellationException cancellation(@Nullable Throwable cause) {
        CancellationException cancellation = new CancellationException("scan of segment " + segment + " was cancelled");
        if (cause != null) {
            cancellation.initCause(cause);
        }
        return cancellation;
    }

    private RuntimeException failure(SQLException e) {
        String message = String.valueOf(e.getMessage());
        if (isCancelled()) {
            return cancellation(e);
        } else if (message.contains("Out of Memory")) {
            return new DuckDbException(
                    DuckDbException.Cause.OUT_OF_MEMORY,
                    "DuckDB's memory limit was not enough to scan segment " + segment + ": raise it",
                    e);
        }
        String lower = message.toLowerCase(Locale.ROOT);
        if (lower.contains("invalidated") || lower.contains("fatal")) {
            return new DuckDbException(DuckDbException.Cause.INTERNAL, "DuckDB failed: " + message, e);
        }
        return new CorruptSegmentException("DuckDB cannot read the blocks of segment " + segment + ": " + message, e);
    }

    @Override
    public void cancel() {
        synchronized (lock) {
            cancelled = true;
            if (running != null) {
                try {
                    running.cancel();
                } catch (SQLException e) {
                    throw new DuckDbException(
                            DuckDbException.Cause.INTERNAL, "cannot cancel a scan: " + e.getMessage(), e);
                }
            }
        }
    }

    @Override
    public void close() {
        // The connection goes back to the pool after each scan.
    }
}
