// SPDX-License-Identifier: MIT
package org.handshaker.bench;

import java.nio.file.*;
import java.time.Duration;
import java.util.*;

final class Try {
    public static void main(String[] a) throws Exception {
        Path dir = Files.createTempDirectory(Path.of("target"), "try");
        boolean raw = a[0].equals("raw");
        int pairs = Integer.parseInt(a[1]);
        try (Started s = raw
                        ? Started.program(RawServer.class)
                        : Started.hot(dir.resolve("d"), a.length > 3 ? a[3] : "");
                Wires w = new Wires(s.socketAddress())) {
            Crowd c = new Crowd(s.socketAddress(), 2 * pairs);
            if (!raw) c.connect(Traffic.pairs(pairs));
            Traffic t = new Traffic(w, c, pairs).openSenders();
            for (String mode : a[2].split(",")) {
                switch (mode) {
                    case "online" -> {
                        t.openReceivers();
                        for (int i = 0; i < 4; i++) {
                            long cpu = s.cpuMillis();
                            long own = own();
                            long wb = s.writtenBytes();
                            Traffic.Result r = t.flood(16, Duration.ofSeconds(4));
                            System.out.printf(
                                    "online %.0f/s p50 %.2f p99 %.2f ms; server CPU us/event %.1f; own CPU %.0f%%; written %d%n",
                                    r.perSecond(),
                                    r.receipts().millis(.5),
                                    r.receipts().millis(.99),
                                    (s.cpuMillis() - cpu) * 1000.0 / r.events(),
                                    (own() - own) / 1e7 / r.seconds(),
                                    s.writtenBytes() - wb);
                        }
                        Traffic.Result r = t.paced(1000, Duration.ofSeconds(3));
                        System.out.printf(
                                "paced %.0f/s p50 %.2f p99 %.2f ms; arrivals p50 %.2f p99 %.2f%n",
                                r.perSecond(),
                                r.receipts().millis(.5),
                                r.receipts().millis(.99),
                                r.arrivals().millis(.5),
                                r.arrivals().millis(.99));
                        t.closeReceivers();
                        w.run(Duration.ofMillis(500), () -> false);
                    }
                    case "stored" -> {
                        for (int i = 0; i < 6; i++) {
                            long cpu = s.cpuMillis();
                            long own = own();
                            Traffic.Result r = t.fill(16, 450);
                            System.out.printf(
                                    "stored %.0f/s p50 %.2f p99 %.2f ms; server CPU us/event %.1f; own CPU %.0f%%%n",
                                    r.perSecond(),
                                    r.receipts().millis(.5),
                                    r.receipts().millis(.99),
                                    (s.cpuMillis() - cpu) * 1000.0 / r.events(),
                                    (own() - own) / 1e7 / r.seconds());
                            cpu = s.cpuMillis();
                            r = t.drain(450L * pairs);
                            System.out.printf(
                                    "drained %.0f/s cpu %.1f%n",
                                    r.perSecond(), (s.cpuMillis() - cpu) * 1000.0 / r.events());
                            t.closeReceivers();
                            w.run(Duration.ofMillis(500), () -> false);
                        }
                    }
                }
            }
            if (a.length > 3)
                new ProcessBuilder("jcmd", "" + s.pid(), "JFR.dump", "filename=/tmp/w/on.jfr")
                        .inheritIO()
                        .start()
                        .waitFor();
        }
        System.out.println(Machine.sqlite(dir, 128, Duration.ofSeconds(2)).perSecond() + " raw sqlite rows/s");
    }

    static long own() {
        return java.lang.management.ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                .getProcessCpuTime();
    }
}
