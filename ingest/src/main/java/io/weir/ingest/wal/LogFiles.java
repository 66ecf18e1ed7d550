package io.weir.ingest.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** The folder of log files as the log needs it. The one door to the disk, so that tests can break the disk. */
public interface LogFiles {
    /** An open file that only grows. Used by one thread. */
    interface Appender extends AutoCloseable {
        /** Appends all of the buffer, or fails with part of it written. */
        void append(ByteBuffer buffer) throws IOException;

        /** Returns when everything appended is durable. */
        void force() throws IOException;

        /** Cuts the file to a size, durably. */
        void truncate(long sizeBytes) throws IOException;

        @Override
        void close() throws IOException;
    }

    /** Names of the files, sorted. */
    List<String> list() throws IOException;

    /** Creates an empty file that must not exist, durably. */
    Appender create(String name) throws IOException;

    /** Size of a file in bytes. */
    long size(String name) throws IOException;

    /** Reads {@code length} bytes from an offset; the file must have them. */
    byte[] read(String name, long offset, int length) throws IOException;

    /** Cuts a file that is not open to a size, durably. */
    void truncate(String name, long sizeBytes) throws IOException;

    /** Deletes a file; it is no error if there is none. */
    void delete(String name) throws IOException;
}
