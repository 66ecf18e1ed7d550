package io.weir.eventstats.stats;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;

/** A key server in EventGate's format, and tokens of its key. */
public final class TestingKeys implements AutoCloseable {
    private final KeyPair pair;
    private final HttpServer server;

    public TestingKeys() throws IOException, GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        pair = generator.generateKeyPair();
        String key = Base64.getEncoder().encodeToString(pair.getPublic().getEncoded());
        byte[] document = ("{\"keys\":[{\"key\":\"" + key + "\"}]}").getBytes(StandardCharsets.UTF_8);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/keys", exchange -> {
            exchange.sendResponseHeaders(200, document.length);
            exchange.getResponseBody().write(document);
            exchange.close();
        });
        server.start();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/keys";
    }

    private static JWTClaimsSet.Builder claims(String user) {
        return new JWTClaimsSet.Builder()
                .subject(user)
                .expirationTime(Date.from(Instant.now().plusSeconds(3_600)));
    }

    /** A token that holds. */
    public String token(String user) throws JOSEException {
        return signed(claims(user).build());
    }

    public String expired(String user) throws JOSEException {
        return signed(claims(user)
                .expirationTime(Date.from(Instant.now().minusSeconds(3_600)))
                .build());
    }

    public String future(String user) throws JOSEException {
        return signed(claims(user)
                .notBeforeTime(Date.from(Instant.now().plusSeconds(1_800)))
                .build());
    }

    /** By HS256 with the public key as its secret. */
    public String confused(String user) throws JOSEException {
        SignedJWT token =
                new SignedJWT(new JWSHeader(JWSAlgorithm.HS256), claims(user).build());
        token.sign(new MACSigner(pair.getPublic().getEncoded()));
        return token.serialize();
    }

    public static String unsigned(String user) {
        return new PlainJWT(claims(user).build()).serialize();
    }

    private String signed(JWTClaimsSet claims) throws JOSEException {
        SignedJWT token = new SignedJWT(new JWSHeader(JWSAlgorithm.RS256), claims);
        token.sign(new RSASSASigner(pair.getPrivate()));
        return token.serialize();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
