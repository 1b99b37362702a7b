// SPDX-License-Identifier: MIT
package org.handshaker;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.crypto.SecretKey;
import org.handshaker.core.Secret;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/**
 * No secret ends in an exception's text, a debugger's line or a log by way of {@code toString}. A record prints all it has unless
 * it says otherwise, so each that holds a secret must say otherwise, and what it says must not touch the secret.
 */
@NullUnmarked
final class SecretsInTextTest {
    /** Words in the name of a text that is a secret, or is best treated as one. */
    private static final Set<String> SECRET_WORDS = Set.of(
            "access",
            "auth",
            "bearer",
            "code",
            "codes",
            "credential",
            "invite",
            "key",
            "keys",
            "otp",
            "passphrase",
            "password",
            "private",
            "refresh",
            "response",
            "secret",
            "token");

    private static final Set<Class<?>> SECRET_TYPES = Set.of(byte[].class, char[].class, Secret.class, SecretKey.class);

    /** Named alike and no secret, or sealed already; what the runtime prints of bytes is where they are, and not what. */
    private static final Set<String> NO_SECRETS = Set.of(
            "org.handshaker.queue.QueueStore$Sealed.body",
            "org.handshaker.queue.QueueStore$SealedEvent.body",
            "org.handshaker.queue.RatchetStore$OldBody.body",
            "org.handshaker.signaling.Frames$RefusedFrame.code",
            "org.handshaker.tor.ControlOnion$Settings.passwordFile");

    private static final String CANARY = "canary-5e7c1a";

    private static final JavaClasses PROGRAM = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.handshaker");

    /** Planted: what this test must find. */
    private record Careless(String userName, String accessToken) {}

    private record CarelessBytes(byte[] digest) {}

    private record HalfHearted(char[] password) {
        @Override
        public String toString() {
            return "HalfHearted " + password.length;
        }
    }

    private record Careful(Secret token) {
        @Override
        public String toString() {
            return "Careful";
        }
    }

    @Test
    void noSecretIsInAToString() {
        Set<String> found = new TreeSet<>();
        for (JavaClass each : PROGRAM) {
            faultOf(each).ifPresent(found::add);
        }
        assertEquals(Set.of(), found);
    }

    @Test
    void whatIsCarelessWouldBeFound() {
        JavaClasses planted = new ClassFileImporter()
                .importClasses(Careless.class, CarelessBytes.class, HalfHearted.class, Careful.class);
        assertTrue(faultOf(planted.get(Careless.class)).isPresent());
        assertTrue(faultOf(planted.get(CarelessBytes.class)).isPresent());
        assertTrue(faultOf(planted.get(HalfHearted.class)).isPresent());
        assertEquals(Optional.empty(), faultOf(planted.get(Careful.class)));
        assertTrue(new Careless("x", CANARY).toString().contains(CANARY));
    }

    /** The same by looking: whatever can be made with a canary in every place for a text. */
    @Test
    void canariesStayInside() throws Exception {
        int made = 0;
        for (JavaClass each : PROGRAM) {
            if (each.isRecord() && each.getFields().stream().anyMatch(SecretsInTextTest::isSecret)) {
                Optional<Object> instance = withCanaries(each);
                if (instance.isPresent()) {
                    made++;
                    String text = instance.get().toString();
                    assertFalse(text.contains(CANARY), each.getName());
                }
            }
        }
        assertTrue(made >= 20, "only " + made + " records could be made");
    }

    private static Optional<String> faultOf(JavaClass type) {
        List<JavaField> secrets =
                type.getFields().stream().filter(SecretsInTextTest::isSecret).toList();
        if (secrets.isEmpty()) {
            return Optional.empty();
        }
        if (type.isRecord() && printsEverything(type)) {
            return Optional.of(type.getName() + " prints "
                    + secrets.stream().map(JavaField::getName).toList());
        }
        return type.tryGetMethod("toString")
                .filter(method -> touches(method, secrets))
                .map(method -> type.getName() + ".toString touches a secret");
    }

    private static boolean isSecret(JavaField field) {
        if (field.getModifiers().contains(JavaModifier.STATIC) || NO_SECRETS.contains(field.getFullName())) {
            return false;
        }
        Class<?> type = field.getRawType().reflect();
        boolean isText = CharSequence.class.isAssignableFrom(type) || Iterable.class.isAssignableFrom(type);
        return SECRET_TYPES.contains(type) || (isText && words(field.getName()).anyMatch(SECRET_WORDS::contains));
    }

    private static Stream<String> words(String camelCase) {
        return Arrays.stream(camelCase.split("(?=[A-Z])")).map(word -> word.toLowerCase(Locale.ROOT));
    }

    private static boolean touches(JavaMethod toString, List<JavaField> secrets) {
        Stream<String> fields = toString.getFieldAccesses().stream()
                .map(access -> access.getTarget().getName());
        Stream<String> accessors = toString.getMethodCallsFromSelf().stream()
                .filter(call -> call.getTargetOwner().equals(toString.getOwner()))
                .map(call -> call.getName());
        Set<String> touched = new TreeSet<>(Stream.concat(fields, accessors).toList());
        return secrets.stream().map(JavaField::getName).anyMatch(touched::contains);
    }

    /** What the compiler writes for a record asks the runtime for a text of the whole, by a call of this shape. */
    private static boolean printsEverything(JavaClass type) {
        String file = "/" + type.getName().replace('.', '/') + ".class";
        try (InputStream in = SecretsInTextTest.class.getResourceAsStream(file)) {
            String shape = "(L" + type.getName().replace('.', '/') + ";)Ljava/lang/String;";
            return new String(in.readAllBytes(), ISO_8859_1).contains(shape);
        } catch (IOException unreadable) {
            throw new IllegalStateException(unreadable);
        }
    }

    /** Empty where the record's own checks take no such thing. */
    private static Optional<Object> withCanaries(JavaClass record) throws ReflectiveOperationException {
        Class<?> type = record.reflect();
        Constructor<?> canonical = Arrays.stream(type.getDeclaredConstructors())
                .filter(constructor -> constructor.getParameterCount() == type.getRecordComponents().length)
                .findFirst()
                .orElseThrow();
        canonical.setAccessible(true);
        List<Object> arguments = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            String text = isSecret(record.getField(component.getName())) ? CANARY : "said";
            arguments.add(value(component.getType(), text));
        }
        try {
            return Optional.of(canonical.newInstance(arguments.toArray()));
        } catch (java.lang.reflect.InvocationTargetException refused) {
            return Optional.empty();
        }
    }

    private static Object value(Class<?> type, String text) {
        if (type == String.class || type == Object.class) {
            return text;
        } else if (type == char[].class) {
            return text.toCharArray();
        } else if (type == byte[].class) {
            return text.getBytes(ISO_8859_1);
        } else if (type == Secret.class) {
            return Secret.of(text.toCharArray());
        } else if (type == List.class) {
            return List.of(text);
        } else if (type == int.class) {
            return 1;
        } else if (type == long.class) {
            return 1L;
        } else if (type == boolean.class) {
            return true;
        }
        return null;
    }
}
