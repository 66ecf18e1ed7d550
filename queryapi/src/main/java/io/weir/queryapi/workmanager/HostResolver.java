package io.weir.queryapi.workmanager;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Finds the addresses behind a worker's host name; asked again before every attempt, so that a changed one is followed. */
interface HostResolver {
    /** The name service of this machine. */
    HostResolver SYSTEM = InetAddress::getAllByName;

    /** May block; never called in a mailbox. */
    InetAddress[] resolve(String host) throws UnknownHostException;
}
