package io.weir.eventstats.signal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * UUIDs of tenants, as the tables of first signals know them: a tenant whose name is a UUID is that UUID, another gets a name-based one
 * (version 5, RFC 9562) that is the same in every process and for ever.
 */
public final class TenantIds {
    /** Namespace of the names; changing it would cut every tenant off from its rows. */
    public static final UUID NAMESPACE = UUID.fromString("6f1d3ec2-8f0b-5b57-9d0e-2b6b0c7c54a1");

    private static final Pattern UUID_TEXT =
            Pattern.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");

    private TenantIds() {}

    /**
     * The tenant's UUID.
     *
     * @param tenant as requests name it
     */
    public static UUID of(String tenant) {
        return isUuid(tenant) ? UUID.fromString(tenant.toLowerCase(Locale.ROOT)) : named(NAMESPACE, tenant);
    }

    /** Whether a text is a UUID in its usual form; {@link UUID#fromString} takes much else, too. */
    public static boolean isUuid(String text) {
        return UUID_TEXT.matcher(text).matches();
    }

    private static UUID named(UUID namespace, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer input = ByteBuffer.allocate(16 + bytes.length)
                .putLong(namespace.getMostSignificantBits())
                .putLong(namespace.getLeastSignificantBits())
                .put(bytes);
        ByteBuffer hash = ByteBuffer.wrap(sha1().digest(input.array()));
        long high = (hash.getLong() & 0xFFFF_FFFF_FFFF_0FFFL) | 0x5000L;
        long low = (hash.getLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
        return new UUID(high, low);
    }

    private static MessageDigest sha1() {
        try {
            return MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-1", e);
        }
    }
}
