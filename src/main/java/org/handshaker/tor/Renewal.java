// SPDX-License-Identifier: MIT
package org.handshaker.tor;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * Makes a change of the authorized clients bite. A client that was added needs a new descriptor only. One that was taken away
 * still has the old one, whose introduction points work for hours, and its open circuit, which works for ever: so the
 * introduction points are made anew and every circuit to us is closed. Who may still come is back in a moment.
 */
final class Renewal {
    /**
     * Between the new introduction points and the closing of circuits, for the new descriptor to reach its directories: a client
     * that fetches the old one once more may not ask the same directory again for a quarter of an hour. Whoever was shut out
     * keeps no longer than this what is open.
     */
    static final Duration DESCRIPTOR_WAIT = Duration.ofSeconds(5);

    private static final String EFFORT = "HS_POW=";

    private Renewal() {}

    /** Whether somebody who could come may not come any more. */
    static boolean shutsSomebodyOut(SortedMap<String, String> before, SortedMap<String, String> after) {
        return !after.isEmpty() && (before.isEmpty() || !after.values().containsAll(before.values()));
    }

    /** For a service of a torrc: tor forgets it, introduction points and all, and gets it again. Other services stay as they are. */
    static void ofTorrc(ControlPort control, Path directory) throws IOException {
        List<String> all = control.command("GETCONF HiddenServiceOptions");
        List<String> others = new ArrayList<>();
        boolean isOurs = false;
        for (String line : all) {
            isOurs = line.startsWith("HiddenServiceDir=") ? line.equals("HiddenServiceDir=" + directory) : isOurs;
            if (!isOurs) {
                others.add(line);
            }
        }
        control.command(others.isEmpty() ? "RESETCONF HiddenServiceDir" : setting(others));
        control.command(setting(all));
    }

    /** Closes the circuits over which clients talk to this onion; those of other onions of the same tor are left alone. */
    static int closeMeetings(ControlPort control, String onion) throws IOException {
        List<Meeting> meetings = meetings(control, onion);
        for (Meeting meeting : meetings) {
            try {
                control.command("CLOSECIRCUIT " + meeting.circuit);
            } catch (ControlPort.CommandRefused goneAlready) {
                // What we wanted.
            }
        }
        return meetings.size();
    }

    /**
     * A circuit to a client.
     *
     * @param circuit tor's number of it
     * @param effort how much work the client did for tor's puzzle to be met; 0 for none
     */
    record Meeting(String circuit, int effort) {}

    /** The circuits to this onion's clients now. */
    static List<Meeting> meetings(ControlPort control, String onion) throws IOException {
        String ours = "REND_QUERY=" + onion.replace(".onion", "");
        List<Meeting> meetings = new ArrayList<>();
        for (String line : control.getInfo("circuit-status")) {
            List<String> words = List.of(line.split(" ", -1));
            if (words.contains("PURPOSE=HS_SERVICE_REND") && words.contains(ours)) {
                meetings.add(new Meeting(words.get(0), effort(words)));
            }
        }
        return meetings;
    }

    /** {@code HS_POW=v1,EFFORT} (control-spec 4.1.1). */
    private static int effort(List<String> words) {
        for (String word : words) {
            if (word.startsWith(EFFORT)) {
                String digits = word.substring(word.indexOf(',') + 1);
                return digits.matches("[0-9]{1,9}") ? Integer.parseInt(digits) : 0;
            }
        }
        return 0;
    }

    private static String setting(List<String> lines) {
        StringBuilder command = new StringBuilder("SETCONF");
        for (String line : lines) {
            int equals = line.indexOf('=');
            String value = line.substring(equals + 1).replace("\\", "\\\\").replace("\"", "\\\"");
            command.append(' ')
                    .append(line, 0, equals)
                    .append("=\"")
                    .append(value)
                    .append('"');
        }
        return command.toString();
    }
}
