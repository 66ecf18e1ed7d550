package io.weir.precompute.source.prometheus;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContentDecompressor;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpContentException;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.precompute.source.net.PinnedAddresses;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP client that connects to the address that was checked, and to no other: no redirects, no proxies, no second look-up of the name, which the
 * JDK's clients cannot be kept from. One connection a request. Thread-safe.
 */
final class PinnedHttp implements AutoCloseable {
    private static final long CLOSE_MILLIS_MAX = 2_000;

    private final PrometheusSettings settings;
    private final PinnedAddresses addresses;
    private final Semaphore requests;
    private final MultiThreadIoEventLoopGroup threads = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final SslContext tls;

    PinnedHttp(PrometheusSettings settings, PinnedAddresses addresses) {
        this.settings = settings;
        this.addresses = addresses;
        requests = new Semaphore(settings.requestsMax(), true);
        try {
            tls = SslContextBuilder.forClient().build();
        } catch (SSLException e) {
            throw new IllegalStateException("no TLS in this JVM", e);
        }
    }

    /** An answer. */
    @SuppressWarnings("ArrayRecordComponent") // a carrier to the reader, never compared
    record Answer(int status, byte[] body) {}

    /**
     * Posts a form.
     *
     * @param uri without query and fragment
     * @param form encoded
     * @throws SourceException if there is no answer in time, or a redirect, or one that is too long
     */
    Answer post(URI uri, String form, Map<String, String> headers, long deadlineNanos)
            throws SourceException, InterruptedException {
        if (!requests.tryAcquire(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            throw new SourceException(
                    Cause.LIMIT,
                    "precompute-sources-prometheus-requests-max=" + settings.requestsMax()
                            + " requests were made until the deadline");
        }
        try {
            boolean isTls = uri.getScheme().equalsIgnoreCase("https");
            int port = uri.getPort() > 0 ? uri.getPort() : isTls ? 443 : 80;
            InetSocketAddress address = addresses.pin(uri.getHost(), port, deadlineNanos);
            return exchange(uri, isTls, address, request(uri, form, headers), deadlineNanos);
        } finally {
            requests.release();
        }
    }

    private static FullHttpRequest request(URI uri, String form, Map<String, String> headers) {
        byte[] body = form.getBytes(StandardCharsets.UTF_8);
        FullHttpRequest request = new DefaultFullHttpRequest(
                HttpVersion.HTTP_1_1, HttpMethod.POST, uri.getRawPath(), Unpooled.wrappedBuffer(body));
        request.headers()
                .set(HttpHeaderNames.HOST, uri.getRawAuthority())
                .set(HttpHeaderNames.CONTENT_TYPE, "application/x-www-form-urlencoded")
                .set(HttpHeaderNames.CONTENT_LENGTH, body.length)
                .set(HttpHeaderNames.ACCEPT, "application/json")
                .set(HttpHeaderNames.ACCEPT_ENCODING, "gzip")
                .set(HttpHeaderNames.USER_AGENT, "weir-precompute")
                .set(HttpHeaderNames.CONNECTION, "close");
        headers.forEach((name, value) -> request.headers().set(name, value));
        return request;
    }

    private Answer exchange(
            URI uri, boolean isTls, InetSocketAddress address, FullHttpRequest request, long deadlineNanos)
            throws SourceException, InterruptedException {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        Bootstrap bootstrap = new Bootstrap()
                .group(threads)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, settings.connectMillisMax())
                .handler(new Pipeline(isTls ? uri : null, address, answer));
        ChannelFuture connecting = bootstrap.connect(address);
        Channel channel = connecting.channel();
        try {
            connecting.addListener(done -> {
                if (done.isSuccess()) {
                    channel.writeAndFlush(request);
                } else {
                    request.release();
                    answer.completeExceptionally(Objects.requireNonNullElseGet(
                            done.cause(), () -> new java.io.IOException("the connection was cancelled")));
                }
            });
            Answer got = answer.get(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (got.status / 100 == 3) {
                throw new SourceException(
                        Cause.REFUSED,
                        uri + " answers with a redirect (" + got.status
                                + "), which is not followed; name where it leads");
            }
            return got;
        } catch (TimeoutException e) {
            throw new SourceException(Cause.TIMEOUT, uri + " did not answer in time", e);
        } catch (ExecutionException e) {
            throw failed(uri, e.getCause() == null ? e : e.getCause());
        } finally {
            channel.close();
        }
    }

    private SourceException failed(URI uri, Throwable cause) {
        return switch (cause) {
            case TooLongHttpContentException tooLong ->
                new SourceException(
                        Cause.LIMIT,
                        uri + " answers with more than precompute-sources-prometheus-response-bytes-max="
                                + settings.responseBytesMax() + " bytes",
                        tooLong);
            case ConnectTimeoutException late ->
                new SourceException(Cause.TIMEOUT, uri + " took too long to accept a connection", late);
            default -> new SourceException(Cause.UNREACHABLE, uri + " cannot be reached: " + cause.getMessage(), cause);
        };
    }

    /** The handlers of one connection. */
    private final class Pipeline extends ChannelInitializer<SocketChannel> {
        private final @Nullable URI tlsUri;
        private final InetSocketAddress address;
        private final CompletableFuture<Answer> answer;

        Pipeline(@Nullable URI tlsUri, InetSocketAddress address, CompletableFuture<Answer> answer) {
            this.tlsUri = tlsUri;
            this.address = address;
            this.answer = answer;
        }

        @Override
        protected void initChannel(SocketChannel channel) {
            ChannelPipeline pipeline = channel.pipeline();
            if (tlsUri != null) {
                // The name of the URL is what the certificate must be for, whatever address it led to.
                pipeline.addLast(tls.newHandler(channel.alloc(), tlsUri.getHost(), address.getPort()));
            }
            pipeline.addLast(new HttpClientCodec());
            pipeline.addLast(new HttpContentDecompressor(0));
            pipeline.addLast(new HttpObjectAggregator(settings.responseBytesMax()));
            pipeline.addLast(new Reader(answer));
        }
    }

    private static final class Reader extends SimpleChannelInboundHandler<FullHttpResponse> {
        private final CompletableFuture<Answer> answer;

        Reader(CompletableFuture<Answer> answer) {
            this.answer = answer;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpResponse response) {
            if (response.decoderResult().isFailure()) {
                answer.completeExceptionally(response.decoderResult().cause());
            } else {
                answer.complete(new Answer(response.status().code(), ByteBufUtil.getBytes(response.content())));
            }
            context.close();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            answer.completeExceptionally(cause);
            context.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            answer.completeExceptionally(new java.io.IOException("the connection ended before the answer did"));
        }
    }

    @Override
    public void close() {
        threads.shutdownGracefully(0, CLOSE_MILLIS_MAX, TimeUnit.MILLISECONDS).awaitUninterruptibly(CLOSE_MILLIS_MAX);
    }
}
