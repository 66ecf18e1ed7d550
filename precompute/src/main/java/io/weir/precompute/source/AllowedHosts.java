package io.weir.precompute.source;

import com.google.common.net.InetAddresses;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which hosts jobs may have their data fetched from: an allow-list, so that a job cannot make this process ask what its author cannot reach.
 *
 * <p>An entry is {@code HOST}, {@code HOST:PORT} or {@code HOST:FIRST-LAST}; without ports all are meant. HOST is {@code *}, a name,
 * {@code *.SUFFIX}, an address ({@code [..]} for IPv6) or a network ({@code 10.0.0.0/8}, {@code [fd00::]/8}). Networks and addresses allow
 * sources that are written as addresses; a name needs an entry that names it.
 *
 * <p>Some addresses are never a source, whatever the list says and whatever name leads to them: link-local ones and the metadata services of clouds,
 * unspecified, multicast and broadcast ones, and the same inside of IPv6.
 */
public final class AllowedHosts {
    private static final Pattern ENTRY =
            Pattern.compile("(\\[[^\\]]*\\](?:/\\d+)?|[^:\\[\\]]+)(?::(\\*|\\d+)(?:-(\\d+))?)?");
    private static final Pattern NAME = Pattern.compile(
            "(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\\.?");
    /** A name whose last part is a number is another spelling of an address to resolvers: 2852039166, 0xa9fe.0xa9fe. */
    private static final Pattern NUMERIC_END = Pattern.compile("(?:.*\\.)?(?:0[xX][0-9A-Fa-f]*|\\d+)\\.?");

    private static final int ENTRIES_MAX = 1_000;
    private static final int PORT_MAX = 65_535;
    /** Metadata and platform services of clouds outside of the link-local networks: Alibaba, Azure, Oracle; Amazon and Google over IPv6. */
    private static final Set<InetAddress> METADATA = Stream.of(
                    "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
            .map(InetAddresses::forString)
            .collect(Collectors.toUnmodifiableSet());

    /** 64:ff9b::/96 of RFC 6052 and ::ffff:0:0:0/96 of RFC 2765: an IPv4 address is the last four bytes. */
    private static final List<byte[]> TRANSLATED = List.of(
            new byte[] {0, 0x64, (byte) 0xff, (byte) 0x9b, 0, 0, 0, 0, 0, 0, 0, 0},
            new byte[] {0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xff, (byte) 0xff, 0, 0});

    /** 64:ff9b:1::/48 of RFC 8215: where in it an IPv4 address is depends on the length of the prefix that a network took of it. */
    private static final byte[] TRANSLATED_LOCALLY = {0, 0x64, (byte) 0xff, (byte) 0x9b, 0, 1};

    /** The bytes of the IPv4 address in prefixes of 48, 56, 64 and 96 bits: byte 8 is left out (RFC 6052). */
    private static final int[][] EMBEDDED = {{6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}, {12, 13, 14, 15}};

    private final List<Entry> entries;

    private AllowedHosts(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    private sealed interface HostPattern {
        boolean matches(String name);

        boolean matches(InetAddress address);
    }

    private record AnyHost() implements HostPattern {
        @Override
        public boolean matches(String name) {
            return true;
        }

        @Override
        public boolean matches(InetAddress address) {
            return true;
        }
    }

    private record Name(String suffix, boolean isSuffix) implements HostPattern {
        @Override
        public boolean matches(String name) {
            return isSuffix ? name.endsWith(suffix) && name.length() > suffix.length() : name.equals(suffix);
        }

        @Override
        public boolean matches(InetAddress address) {
            return false;
        }
    }

    private record Network(InetAddress base, int prefixBits) implements HostPattern {
        @Override
        public boolean matches(String name) {
            return false;
        }

        @Override
        public boolean matches(InetAddress address) {
            byte[] mine = base.getAddress();
            byte[] other = address.getAddress();
            if (mine.length != other.length) {
                return false;
            }
            for (int bit = 0; bit < prefixBits; bit++) {
                int mask = 0x80 >> (bit % 8);
                if ((mine[bit / 8] & mask) != (other[bit / 8] & mask)) {
                    return false;
                }
            }
            return true;
        }
    }

    private record Entry(HostPattern host, int firstPort, int lastPort) {
        boolean hasPort(int port) {
            return port >= firstPort && port <= lastPort;
        }
    }

    /**
     * Reads a list of entries with commas between them; an empty one allows nothing.
     *
     * @throws IllegalArgumentException naming the entry that is none
     */
    public static AllowedHosts parse(String list) {
        List<Entry> entries = new ArrayList<>();
        for (String part : list.split(",", -1)) {
            String text = part.strip();
            if (text.isEmpty()) {
                continue;
            }
            if (entries.size() >= ENTRIES_MAX) {
                throw new IllegalArgumentException("more than " + ENTRIES_MAX + " entries");
            }
            entries.add(entry(text));
        }
        return new AllowedHosts(entries);
    }

    private static Entry entry(String text) {
        Matcher matcher = ENTRY.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not HOST, HOST:PORT or HOST:FIRST-LAST");
        }
        HostPattern host = hostPattern(matcher.group(1), text);
        String first = matcher.group(2);
        if (first == null || first.equals("*")) {
            return new Entry(host, 1, PORT_MAX);
        }
        int from = port(first, text);
        String last = matcher.group(3);
        int to = last == null ? from : port(last, text);
        if (to < from) {
            throw new IllegalArgumentException("the ports of '" + text + "' end before they begin");
        }
        return new Entry(host, from, to);
    }

    private static int port(String digits, String text) {
        int port = digits.length() > 5 ? 0 : Integer.parseInt(digits);
        if (port < 1 || port > PORT_MAX) {
            throw new IllegalArgumentException("a port of '" + text + "' is none from 1 to " + PORT_MAX);
        }
        return port;
    }

    private static HostPattern hostPattern(String text, String entry) {
        if (text.equals("*")) {
            return new AnyHost();
        }
        int slash = text.indexOf('/');
        String host = slash < 0 ? text : text.substring(0, slash);
        Optional<InetAddress> address = literal(host);
        if (address.isPresent()) {
            int bits = 8 * address.get().getAddress().length;
            int prefix = slash < 0 ? bits : prefixBits(text, slash, bits, entry);
            return new Network(address.get(), prefix);
        }
        boolean isSuffix = host.startsWith("*.");
        String name = isSuffix ? host.substring(2) : host;
        if (slash >= 0
                || !NAME.matcher(name).matches()
                || NUMERIC_END.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "the host of '" + entry + "' is no name, *.SUFFIX, address, network or *");
        }
        return new Name((isSuffix ? "." : "") + canonicalName(name), isSuffix);
    }

    private static int prefixBits(String text, int slash, int bits, String entry) {
        String digits = text.substring(slash + 1);
        int prefix = digits.matches("\\d{1,3}") ? Integer.parseInt(digits) : -1;
        if (prefix < 0 || prefix > bits) {
            throw new IllegalArgumentException("the network of '" + entry + "' has no length from 0 to " + bits);
        }
        return prefix;
    }

    /** The address that a host is written as; empty for names. IPv6 with or without brackets. */
    static Optional<InetAddress> literal(String host) {
        String bare = host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
        // Scopes (%eth0) belong to link-local addresses, and those are never allowed.
        return bare.indexOf('%') < 0 && InetAddresses.isInetAddress(bare)
                ? Optional.of(InetAddresses.forString(bare))
                : Optional.empty();
    }

    /** Whether this can be the name of a host, and is not an address in disguise. */
    static boolean isName(String host) {
        return NAME.matcher(host).matches() && !NUMERIC_END.matcher(host).matches();
    }

    static String canonicalName(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }

    /** Whether a source may be there, as far as can be said before its name is resolved. */
    public boolean allows(String host, int port) {
        Optional<InetAddress> address = literal(host);
        if (address.isPresent()) {
            return !isForbidden(address.get())
                    && entries.stream().anyMatch(it -> it.hasPort(port) && it.host.matches(address.get()));
        }
        String name = canonicalName(host);
        return isName(host) && entries.stream().anyMatch(it -> it.hasPort(port) && it.host.matches(name));
    }

    /** Whether this address is never a source. Names are resolved and asked about here before a connection is made to what they led to. */
    public static boolean isForbidden(InetAddress address) {
        if (address.isAnyLocalAddress() || address.isLinkLocalAddress() || address.isMulticastAddress()) {
            return true;
        }
        byte[] bytes = address.getAddress();
        return METADATA.contains(address)
                || switch (address) {
                    // 0.0.0.0/8 is this host, 240.0.0.0/4 is reserved and holds the broadcast address.
                    case Inet4Address four -> bytes[0] == 0 || (bytes[0] & 0xF0) == 0xF0;
                    case Inet6Address six -> isForbiddenInside(six);
                    default -> true;
                };
    }

    private static boolean isForbiddenInside(Inet6Address address) {
        if (address.isLoopbackAddress()) {
            return false;
        }
        if (InetAddresses.hasEmbeddedIPv4ClientAddress(address)) {
            return isForbidden(InetAddresses.getEmbeddedIPv4ClientAddress(address));
        }
        byte[] bytes = address.getAddress();
        if (TRANSLATED.stream().anyMatch(it -> isPrefix(it, bytes))) {
            return isForbidden(embedded(bytes, EMBEDDED[3]));
        }
        // What begins with a zero is the rest of an address that is embedded elsewhere.
        return isPrefix(TRANSLATED_LOCALLY, bytes)
                && Arrays.stream(EMBEDDED).anyMatch(at -> bytes[at[0]] != 0 && isForbidden(embedded(bytes, at)));
    }

    private static boolean isPrefix(byte[] prefix, byte[] bytes) {
        return Arrays.equals(bytes, 0, prefix.length, prefix, 0, prefix.length);
    }

    private static Inet4Address embedded(byte[] bytes, int[] at) {
        return InetAddresses.fromInteger((bytes[at[0]] & 0xFF) << 24
                | (bytes[at[1]] & 0xFF) << 16
                | (bytes[at[2]] & 0xFF) << 8
                | bytes[at[3]] & 0xFF);
    }
}
