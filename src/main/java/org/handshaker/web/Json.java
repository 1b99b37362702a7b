// SPDX-License-Identifier: MIT
package org.handshaker.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.type.LogicalType;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.ByteArrayOutputStream;
import java.io.CharArrayReader;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.handshaker.core.Limits;
import org.handshaker.core.Reason;
import org.handshaker.core.Refused;
import org.jspecify.annotations.Nullable;

/**
 * JSON to records and back; the only class that knows Jackson. Reading is strict: an unknown field, a duplicate key, another
 * type, text after the end, nesting deeper than 16, a name longer than any field's or a missing component that is not {@code @Nullable} is
 * {@code malformed}. Names on the wire are lower snake_case (a component {@code public_} is {@code public} there); null components are left out.
 */
public final class Json {
    private static final JsonMapper MAPPER = mapper();
    /** For what is read so often that its fields are told apart by {@link Flat}. */
    private static final JsonFactory FLAT = MAPPER.getFactory()
            .rebuild()
            .disable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() {};
    private static final Map<Class<?>, List<Component>> COMPONENTS = new ConcurrentHashMap<>();

    private Json() {}

    public static byte[] write(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException unwritable) {
            throw unwritable(unwritable);
        }
    }

    public static String text(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException unwritable) {
            throw unwritable(unwritable);
        }
    }

    /** Reads one record; every fault is {@code malformed}, except a refusal that the record's own check throws. */
    public static <T> T read(byte[] bytes, Class<T> type) {
        char[] text = utf8(bytes);
        try {
            return checked(MAPPER.readValue(new CharArrayReader(text), type));
        } catch (IOException malformed) {
            throw refusal(malformed);
        } finally {
            // It may hold a password.
            Arrays.fill(text, '\0');
        }
    }

    /** Jackson by itself would guess at UTF-16 and 32, and let half surrogates pass. */
    private static char[] utf8(byte[] bytes) {
        try {
            CharBuffer decoded = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            char[] text = Arrays.copyOf(decoded.array(), decoded.limit());
            Arrays.fill(decoded.array(), '\0');
            return text;
        } catch (CharacterCodingException malformed) {
            throw Reason.MALFORMED.refuse();
        }
    }

    public static <T> T read(String text, Class<T> type) {
        try {
            T value = MAPPER.readValue(text, type);
            return checked(value);
        } catch (IOException malformed) {
            throw refusal(malformed);
        }
    }

    /**
     * The text of a field of an object, for those who must know it before they can read the rest; null where it is not there
     * or is no text. Only what stands before it is looked at.
     */
    public static @Nullable String peek(byte[] object, String field) {
        requireUnguessed(object);
        try (JsonParser parser = MAPPER.createParser(object)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw Reason.MALFORMED.refuse();
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean isIt = parser.currentName().equals(field);
                if (parser.nextToken() == JsonToken.VALUE_STRING && isIt) {
                    return parser.getText();
                }
                parser.skipChildren();
            }
            return null;
        } catch (IOException malformed) {
            throw refusal(malformed);
        }
    }

    /**
     * Reads an object of texts, whole numbers, booleans and lists of texts in one pass, as strictly as {@link #read}: for what
     * comes too often to be put together by reflection.
     *
     * @param object UTF-8, and seen to be that
     */
    public static Flat flat(byte[] object) {
        requireUnguessed(object);
        try (JsonParser parser = FLAT.createParser(object)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw Reason.MALFORMED.refuse();
            }
            Flat fields = new Flat();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                fields.add(name, flatValue(parser));
            }
            if (parser.nextToken() != null) {
                throw Reason.MALFORMED.refuse();
            }
            return fields;
        } catch (IOException malformed) {
            throw refusal(malformed);
        }
    }

    /** Jackson takes a mark in front, or a zero byte among the first, for a sign of another encoding. */
    private static void requireUnguessed(byte[] object) {
        if (object.length < 2 || object[0] <= 0 || object[1] <= 0) {
            throw Reason.MALFORMED.refuse();
        }
    }

    private static @Nullable Object flatValue(JsonParser parser) throws IOException {
        return switch (parser.nextToken()) {
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case START_ARRAY -> texts(parser);
            default -> throw Reason.MALFORMED.refuse();
        };
    }

    private static List<String> texts(JsonParser parser) throws IOException {
        List<String> texts = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (!parser.hasToken(JsonToken.VALUE_STRING)) {
                throw Reason.MALFORMED.refuse();
            }
            texts.add(parser.getText());
        }
        return texts;
    }

    /**
     * Writes an object field by field: for what is said too often to be taken apart by reflection.
     *
     * @param bytes how long it will be, roughly
     */
    public static Writing object(int bytes) {
        return new Writing(bytes);
    }

    /** An object that is being written; what is null is left out. For one thread, and used up by {@link #bytes} or {@link #padded}. */
    public static final class Writing {
        private final Room room;
        private final JsonGenerator generator;

        private Writing(int bytes) {
            this.room = new Room(bytes);
            try {
                generator = MAPPER.createGenerator(room);
                generator.writeStartObject();
            } catch (IOException impossible) {
                throw unwritable(impossible);
            }
        }

        public Writing put(String name, @Nullable String text) {
            try {
                if (text != null) {
                    generator.writeStringField(name, text);
                }
                return this;
            } catch (IOException unwritable) {
                throw unwritable(unwritable);
            }
        }

        public Writing put(String name, long number) {
            try {
                generator.writeNumberField(name, number);
                return this;
            } catch (IOException unwritable) {
                throw unwritable(unwritable);
            }
        }

        public byte[] bytes() {
            end();
            return room.toByteArray();
        }

        /** As {@link Padding#pad(byte[], int)} makes it of {@link #bytes}, without the copies between. */
        public byte[] padded(int bytesMin) {
            end();
            return room.padded(bytesMin);
        }

        private void end() {
            try {
                generator.writeEndObject();
                generator.close();
            } catch (IOException unwritable) {
                throw unwritable(unwritable);
            }
        }
    }

    /** As large from the start as what is written will be when it is padded. */
    private static final class Room extends ByteArrayOutputStream {
        Room(int bytes) {
            super(Padding.bucket(bytes));
        }

        synchronized byte[] padded(int bytesMin) {
            int size = Padding.bucket(Math.max(count, bytesMin));
            byte[] padded = buf.length == size ? buf : Arrays.copyOf(buf, size);
            Arrays.fill(padded, count, size, (byte) ' ');
            return padded;
        }
    }

    private static IllegalStateException unwritable(IOException cause) {
        return new IllegalStateException("an answer must be writable as JSON", cause);
    }

    /** Any JSON object. */
    public static Map<String, Object> map(String text) {
        try {
            @Nullable Map<String, Object> map = MAPPER.readValue(text, MAP);
            if (map == null) {
                throw Reason.MALFORMED.refuse();
            }
            return map;
        } catch (IOException malformed) {
            throw refusal(malformed);
        }
    }

    /** A YAML document of the relay's own. */
    public static Map<String, Object> yaml(InputStream in) throws IOException {
        return new YAMLMapper().readValue(in, MAP);
    }

    private static JsonMapper mapper() {
        JsonFactory factory = JsonFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                // Else an emoji takes twelve bytes, more than the bound on an answer counts.
                .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(Limits.JSON_DEPTH_MAX)
                        .maxNumberLength(20)
                        // Jackson keeps the last 12,000 names that anybody has used.
                        .maxNameLength(Limits.JSON_NAME_CHARS_MAX)
                        .build())
                .build();
        SimpleModule unread = new SimpleModule()
                .addDeserializer(Unread.class, new UnreadDeserializer())
                .addDeserializer(char[].class, new SecretDeserializer());
        return JsonMapper.builder(factory)
                .addModule(unread)
                .propertyNamingStrategy(new Names())
                .defaultPropertyInclusion(
                        JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
                .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
                .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                // Left alone, Jackson reads a blank text as no number or no boolean at all.
                .withCoercionConfigDefaults(any -> any.setAcceptBlankAsEmpty(false)
                        .setCoercion(CoercionInputShape.EmptyString, CoercionAction.Fail)
                        .setCoercion(CoercionInputShape.String, CoercionAction.Fail))
                .withCoercionConfig(LogicalType.Textual, textual -> textual.setCoercion(
                                CoercionInputShape.Integer, CoercionAction.Fail)
                        .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                        .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
                .build();
    }

    /** In lists and records within, too: nothing is null that is not said to be. */
    private static <T> T checked(@Nullable T value) {
        if (value == null) {
            throw Reason.MALFORMED.refuse("A required field is missing.");
        }
        for (Component component : COMPONENTS.computeIfAbsent(value.getClass(), Json::components)) {
            @Nullable Object part = component.of(value);
            if (part instanceof Collection<?> parts) {
                parts.forEach(Json::checked);
            } else if (part != null || component.isRequired()) {
                checked(part);
            }
        }
        return value;
    }

    private static List<Component> components(Class<?> type) {
        return type.isRecord()
                ? Arrays.stream(type.getRecordComponents()).map(Component::of).toList()
                : List.of();
    }

    /** A part of a body record. */
    private record Component(Method accessor, boolean isRequired) {
        static Component of(RecordComponent component) {
            Method accessor = component.getAccessor();
            accessor.setAccessible(true);
            return new Component(accessor, !component.getAnnotatedType().isAnnotationPresent(Nullable.class));
        }

        @Nullable
        Object of(Object body) {
            try {
                return accessor.invoke(body);
            } catch (ReflectiveOperationException hidden) {
                throw new IllegalStateException("body records must be readable: " + body.getClass(), hidden);
            }
        }
    }

    private static Refused refusal(Exception thrown) {
        for (@Nullable Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof Refused refused) {
                return refused;
            }
        }
        return Reason.MALFORMED.refuse();
    }

    /** A password, as characters that can be wiped. Jackson by itself takes a list of letters for one, too. */
    private static final class SecretDeserializer extends StdDeserializer<char[]> {
        private static final long serialVersionUID = 1;

        SecretDeserializer() {
            super(char[].class);
        }

        @Override
        public char[] deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            if (!parser.hasToken(JsonToken.VALUE_STRING)) {
                return (char[]) context.handleUnexpectedToken(char[].class, parser);
            }
            int from = parser.getTextOffset();
            return Arrays.copyOfRange(parser.getTextCharacters(), from, from + parser.getTextLength());
        }
    }

    /** Java keeps words such as {@code public} to itself: with an underscore behind, they are names of components. */
    private static final class Names extends PropertyNamingStrategies.SnakeCaseStrategy {
        private static final long serialVersionUID = 1;

        @Override
        public String translate(String component) {
            return super.translate(
                    component.endsWith("_") ? component.substring(0, component.length() - 1) : component);
        }
    }

    private static final class UnreadDeserializer extends StdDeserializer<Unread> {
        private static final long serialVersionUID = 1;

        UnreadDeserializer() {
            super(Unread.class);
        }

        @Override
        public Unread deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            parser.skipChildren();
            return new Unread();
        }
    }
}
