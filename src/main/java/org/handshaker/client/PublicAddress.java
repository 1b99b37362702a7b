// SPDX-License-Identifier: MIT
package org.handshaker.client;

import java.net.Inet4Address;
import java.net.InetAddress;

/** Which addresses belong to the internet, and not to this machine, its networks or nobody (the IANA special-purpose registries). */
final class PublicAddress {
    /** First address and prefix length of what is not global in IPv4 (RFC 6890 and what came after). */
    private static final int[][] NOT_GLOBAL = {
        {0x00000000, 8}, // this network
        {0x0A000000, 8}, // private
        {0x64400000, 10}, // carriers' NAT
        {0x7F000000, 8}, // loopback
        {0xA9FE0000, 16}, // link-local
        {0xAC100000, 12}, // private
        {0xC0000000, 24}, // protocol assignments
        {0xC0000200, 24}, // documentation
        {0xC0586300, 24}, // 6to4 relays
        {0xC0A80000, 16}, // private
        {0xC6120000, 15}, // benchmarks
        {0xC6336400, 24}, // documentation
        {0xCB007100, 24}, // documentation
        {0xE0000000, 3}, // multicast, reserved, broadcast
    };

    private PublicAddress() {}

    /** IPv4 only: whatever else a name stands for is refused, for tor answers with IPv4 where there is one. */
    static boolean isPublic(InetAddress address) {
        if (!(address instanceof Inet4Address)) {
            return false;
        }
        byte[] bytes = address.getAddress();
        int number = (bytes[0] & 0xff) << 24 | (bytes[1] & 0xff) << 16 | (bytes[2] & 0xff) << 8 | (bytes[3] & 0xff);
        for (int[] block : NOT_GLOBAL) {
            if ((number ^ block[0]) >>> (32 - block[1]) == 0) {
                return false;
            }
        }
        return true;
    }
}
