// SPDX-License-Identifier: MIT
package org.handshaker;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleNameEndingWith;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who may know whom. The table of edges below is the house plan of docs/design.md, and the build fails when it is left. */
class ArchitectureTest {
    private static final String ROOT = "org.handshaker.";

    /** What each room may import of the others. */
    private static final Map<String, Set<String>> EDGES = Map.ofEntries(
            Map.entry("core", Set.of()),
            Map.entry("store", Set.of("core")),
            Map.entry("web", Set.of("core")),
            Map.entry("guard", Set.of("core")),
            Map.entry("tor", Set.of("core")),
            Map.entry("admin", Set.of("core", "store", "web", "guard", "directory", "queue", "auth")),
            Map.entry("client", Set.of("core", "web")),
            Map.entry("directory", Set.of("core", "store", "web")),
            Map.entry("queue", Set.of("core", "store", "web")),
            Map.entry("auth", Set.of("core", "store", "web", "guard", "directory", "queue")),
            Map.entry("connections", Set.of("core", "store", "web", "directory", "queue")),
            Map.entry("push", Set.of("core", "store", "web", "queue", "client")),
            Map.entry("keylog", Set.of("core", "store", "web", "directory", "connections")),
            Map.entry("prekeys", Set.of("core", "store", "web", "guard", "directory", "queue")),
            Map.entry("presence", Set.of("core", "directory", "connections")),
            Map.entry("rooms", Set.of("core", "web")),
            Map.entry("groups", Set.of("core", "store", "web", "directory", "connections", "queue")),
            Map.entry("invites", Set.of("core", "store", "web", "auth", "directory", "connections", "groups")),
            Map.entry(
                    "signaling",
                    Set.of("core", "web", "directory", "connections", "queue", "presence", "groups", "rooms")));

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("org.handshaker");

    @Test
    void everyRoomKnowsOnlyTheRoomsBelowIt() {
        EDGES.forEach((room, known) -> {
            String[] forbidden = EDGES.keySet().stream()
                    .filter(other -> !other.equals(room) && !known.contains(other))
                    .map(other -> ROOT + other + "..")
                    .toArray(String[]::new);
            noClasses()
                    .that()
                    .resideInAPackage(ROOT + room + "..")
                    .should()
                    .dependOnClassesThat(resideInAnyPackage(forbidden).or(resideInAPackage("org.handshaker")))
                    .check(CLASSES);
        });
    }

    @Test
    void everyRoomIsInThePlan() {
        Set<String> rooms = new java.util.TreeSet<>();
        CLASSES.forEach(type -> {
            String name = type.getPackageName();
            if (name.startsWith(ROOT)) {
                rooms.add(name.substring(ROOT.length()));
            }
        });
        assertTrue(EDGES.keySet().containsAll(rooms), () -> "not in the plan: " + rooms);
    }

    @Test
    void packagesFormNoCycle() {
        slices().matching("org.handshaker.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void clientUsesNothingOfTheWebButJson() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + "client..")
                .should()
                .dependOnClassesThat(resideInAPackage(ROOT + "web..").and(not(simpleName("Json"))))
                .check(CLASSES);
    }

    @Test
    void jettyStaysInTheWebTheSocketAndTheClient() {
        noClasses()
                .that(not(resideInAnyPackage(ROOT + "web..", ROOT + "client..")).and(not(simpleName("SignalSocket"))))
                .should()
                .dependOnClassesThat(resideInAPackage("org.eclipse.jetty.."))
                .check(CLASSES);
    }

    @Test
    void sqlStaysInTheStores() {
        noClasses()
                .that(not(resideInAPackage(ROOT + "store..")).and(not(simpleNameEndingWith("Store"))))
                .should()
                .dependOnClassesThat(resideInAnyPackage("java.sql..", "org.sqlite.."))
                .check(CLASSES);
    }

    @Test
    void storesAreSeenByTheirOwnPackageOnly() {
        classes()
                .that()
                .haveSimpleNameEndingWith("Store")
                .should()
                .notBePublic()
                .check(CLASSES);
    }

    @Test
    void eachHeavyLibraryIsKnownByOneClass() {
        onlyIn("com.fasterxml.jackson..", "Json");
        onlyIn("io.jsonwebtoken..", "Tokens");
        onlyIn("de.mkammerer..", "Passwords");
        onlyIn("org.bouncycastle.crypto.generators..", "Passwords");
        onlyIn("org.bouncycastle.openpgp..", "OpenPgp");
        onlyIn("info.picocli..", "Main");
        onlyIn("com.zerodeplibs..", "WebPush");
    }

    private static void onlyIn(String library, String owner) {
        noClasses()
                .that(not(simpleName(owner)).and(not(belongTo(simpleName(owner)))))
                .should()
                .dependOnClassesThat(resideInAPackage(library))
                .check(CLASSES);
    }

    @Test
    void onlyMainReadsTheClockAndTheEnvironment() {
        noClasses()
                .that(not(simpleName("Main")))
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Instant.class, "now")
                .orShould()
                .callMethod(InstantSource.class, "system")
                .orShould()
                .callMethod(System.class, "getenv")
                .orShould()
                .callMethod(System.class, "getenv", String.class)
                .check(CLASSES);
    }

    @Test
    void nobodySleepsPrintsOrLogs() {
        noClasses()
                .should()
                .callMethod(Thread.class, "sleep", long.class)
                .orShould()
                .dependOnClassesThat(resideInAnyPackage("org.slf4j..", "java.util.logging.."))
                .check(CLASSES);
        noClasses()
                .that(not(simpleName("Main")))
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .check(CLASSES);
    }

    @Test
    void nothingGoesOutButByTheClient() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                                "java.net.http..",
                                "java.rmi..",
                                "javax.naming..",
                                "sun.net..",
                                "com.sun.net..",
                                "org.eclipse.jetty.http2..",
                                "org.eclipse.jetty.quic..")
                        .or(simpleName("URL").and(resideInAPackage("java.net")))
                        .or(simpleNameEndingWith("URLConnection"))
                        .or(simpleName("Socket").and(resideInAPackage("java.net")))
                        .or(simpleName("DatagramSocket"))
                        .or(simpleName("DatagramChannel"))
                        .or(simpleName("MulticastSocket"))
                        .or(simpleName("AsynchronousSocketChannel")))
                .check(CLASSES);
        // TLS is spoken to push services and to the operator's mail server, inside a SOCKS connection.
        noClasses()
                .that(not(simpleName("Postman")).and(not(belongTo(simpleName("Postman")))))
                .and(not(simpleName("MailCarrier"))
                        .and(not(belongTo(simpleName("MailCarrier"))))
                        .and(not(simpleName("TlsChannel")))
                        .and(not(belongTo(simpleName("TlsChannel"))))
                        .and(not(simpleName("SmtpWire"))))
                .should()
                .dependOnClassesThat(resideInAPackage("javax.net.."))
                .check(CLASSES);
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "client..")
                .should()
                .dependOnClassesThat(resideInAPackage("org.eclipse.jetty.client.."))
                .orShould()
                .dependOnClassesThat(simpleName("ClientConnector"))
                .check(CLASSES);
    }

    /**
     * Beside Jetty's client: to the SOCKS proxy, for what is no HTTP; to tor's control port; and to a Unix socket of
     * one's own, to see whether somebody is there.
     */
    @Test
    void threeClassesOpenAChannelAndOneStartsAProgram() {
        noClasses()
                .that(not(simpleName("ControlPort"))
                        .and(not(simpleName("WebServer")))
                        .and(not(simpleName("SocksChannel"))))
                .should()
                .callMethodWhere(target(owner(simpleName("SocketChannel"))).and(target(nameMatching("open|connect"))))
                .check(CLASSES);
        noClasses()
                .that(not(simpleName("ControlPort")).and(not(simpleName("SocksChannel"))))
                .should()
                .callMethod(SocketChannel.class, "open")
                .orShould()
                .callMethod(SocketChannel.class, "open", SocketAddress.class)
                .check(CLASSES);
        noClasses()
                .that(not(simpleName("TorProcess")))
                .should()
                .dependOnClassesThat(simpleName("ProcessBuilder"))
                .orShould()
                .callMethodWhere(target(owner(simpleName("Runtime"))).and(target(nameMatching("exec"))))
                .check(CLASSES);
    }

    /** The resolver is given literal addresses in one place; where a name comes in, it goes to the SOCKS proxy as it is. */
    @Test
    void nobodyLooksUpAName() {
        noClasses()
                .that(not(simpleName("Listen")))
                .should()
                .callMethodWhere(target(owner(simpleName("InetAddress")))
                        .and(target(
                                nameMatching("getByName|getAllByName|getLocalHost|getHostName|getCanonicalHostName"))))
                .check(CLASSES);
        noClasses()
                .should()
                .callConstructor(InetSocketAddress.class, String.class, int.class)
                .orShould()
                .callMethod(InetSocketAddress.class, "getHostName")
                .check(CLASSES);
    }

    @Test
    void randomnessComesFromSecretsAlone() {
        noClasses()
                .that(not(simpleName("Secrets")).and(not(simpleName("OpenPgp"))))
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.security.SecureRandom")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.util.Random")
                .check(CLASSES);
    }

    @Test
    void nothingStaticChanges() {
        fields().that()
                .areStatic()
                .and()
                .doNotHaveModifier(JavaModifier.SYNTHETIC)
                .should()
                .beFinal()
                .check(CLASSES);
    }
}
