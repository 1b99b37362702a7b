// SPDX-License-Identifier: MIT
package org.handshaker.admin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the program takes of the machine's memory.
 *
 * @param heapBytes of objects, those included that nobody needs any more
 * @param heapBytesMax the bound of that
 * @param residentBytes all of it, as the system counts; -1 where it does not tell
 */
public record Memory(long heapBytes, long heapBytesMax, long residentBytes) {
    private static final Path SYSTEMS_COUNT = Path.of("/proc/self/status");

    /** Looks now. */
    public static Memory now() {
        Runtime machine = Runtime.getRuntime();
        return new Memory(machine.totalMemory() - machine.freeMemory(), machine.maxMemory(), resident());
    }

    private static long resident() {
        try {
            for (String line : Files.readAllLines(SYSTEMS_COUNT)) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1_024;
                }
            }
        } catch (IOException | NumberFormatException notLinux) {
            return -1;
        }
        return -1;
    }
}
