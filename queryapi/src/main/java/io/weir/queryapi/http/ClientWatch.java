package io.weir.queryapi.http;

import io.javalin.http.Context;
import io.weir.queryapi.eval.Client;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.BufferUtil;

/**
 * Sees whether the client of an HTTP/1.1 request closed its connection while its request is being handled. Asked by the request's own
 * thread only, and only after the request's body was read.
 */
public final class ClientWatch implements Client {
    /*
     * Implementation notes. Jetty does not read from an HTTP/1.1 connection while a handler runs, so nobody would notice the end of
     * the stream before the answer is written. As Go's server does, one byte is read without blocking. A client that pipelines its next
     * request gets that byte back into the connection's buffer, and is then not watched any more.
     */
    private static final Client UNSEEN = new Client() {
        @Override
        public boolean isGone() {
            return false;
        }

        @Override
        public void cutOff() {
            // Its idle timeout remains.
        }
    };

    private final EndPoint endPoint;
    private final Connection connection;
    private boolean gone;
    private boolean blind;

    private ClientWatch(EndPoint endPoint, Connection connection) {
        this.endPoint = endPoint;
        this.connection = connection;
    }

    public static Client of(Context context) {
        Connection connection = ServletContextRequest.getServletContextRequest(context.req())
                .getConnectionMetaData()
                .getConnection();
        EndPoint endPoint = connection.getEndPoint();
        if (endPoint == null || !(connection instanceof Connection.UpgradeTo)) {
            return UNSEEN;
        }
        return new ClientWatch(endPoint, connection);
    }

    @Override
    public boolean isGone() {
        if (gone || blind) {
            return gone;
        }
        ByteBuffer buffer = BufferUtil.allocate(1);
        try {
            int filled = endPoint.fill(buffer);
            if (filled < 0) {
                gone = true;
            } else if (filled > 0) {
                blind = true;
                ((Connection.UpgradeTo) connection).onUpgradeTo(buffer);
            }
        } catch (IOException e) {
            gone = true;
        }
        return gone;
    }

    @Override
    public void cutOff() {
        endPoint.close(new IOException("the query was stopped and its client did not read"));
    }
}
