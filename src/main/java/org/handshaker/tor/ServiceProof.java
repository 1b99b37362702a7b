// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a running tor itself says about its services, before it may go on the network: asked, not believed from the file that
 * we wrote, because an added line or an included file can change what ours mean.
 */
final class ServiceProof {
    private static final String DIRECTORY = "HiddenServiceDir=";

    private ServiceProof() {}

    /** That no service of this tor gives away where the machine is (a "single onion" has one hop to its meeting points). */
    static void requireAnonymous(ControlPort control) throws IOException {
        for (String option : List.of("HiddenServiceNonAnonymousMode", "HiddenServiceSingleHopMode")) {
            if (!control.command("GETCONF " + option).equals(List.of(option + "=0"))) {
                throw new UnsafeTor("this tor has " + option
                        + " on, which gives away where the relay is: take it out of the torrc");
            }
        }
    }

    /** That the onion in {@code directory} names its circuits and brings its streams to {@code target} and nowhere else. */
    static void requireCircuits(ControlPort control, Path directory, String target) throws IOException {
        List<String> block = block(control.command("GETCONF HiddenServiceOptions"), directory);
        if (!block.contains("HiddenServiceExportCircuitID=haproxy")) {
            throw new UnsafeTor(
                    "this tor does not name circuits (HiddenServiceExportCircuitID haproxy is not in force),"
                            + " and without that there are no limits per circuit: check the lines that are added to its torrc");
        }
        List<String> ports = block.stream()
                .filter(line -> line.startsWith("HiddenServicePort="))
                .toList();
        if (!ports.equals(List.of("HiddenServicePort=80 " + target))) {
            throw new UnsafeTor("this tor brings the onion's streams elsewhere too: put a HiddenServiceDir of its own"
                    + " before each HiddenServicePort that is added to its torrc");
        }
    }

    /** The lines of one service: those from its directory up to the next one's. */
    private static List<String> block(List<String> lines, Path directory) {
        List<String> block = new ArrayList<>();
        boolean isOurs = false;
        for (String line : lines) {
            if (line.startsWith(DIRECTORY)) {
                isOurs = Path.of(line.substring(DIRECTORY.length())).equals(directory);
            } else if (isOurs) {
                block.add(line);
            }
        }
        return block;
    }

    /** The same of lines that are not in any tor yet, for the sentence; what they include is left to the proof. */
    static void requireAnonymous(List<String> torrc) throws UnsafeTor {
        for (String line : torrc) {
            String[] words = line.strip().toLowerCase(Locale.ROOT).split("\\s+", -1);
            boolean isMode = words[0].endsWith("hiddenservicenonanonymousmode")
                    || words[0].endsWith("hiddenservicesinglehopmode");
            if (isMode && !words[0].startsWith("#") && !(words.length > 1 && words[1].equals("0"))) {
                throw new UnsafeTor(
                        "HiddenServiceNonAnonymousMode and HiddenServiceSingleHopMode give away where the relay"
                                + " is: take them out of the torrc");
            }
        }
    }
}
