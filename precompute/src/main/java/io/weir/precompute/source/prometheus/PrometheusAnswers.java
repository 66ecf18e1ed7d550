package io.weir.precompute.source.prometheus;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.weir.precompute.source.SourceException;
import io.weir.precompute.source.SourceException.Cause;
import io.weir.promql.annotation.Annotation;
import io.weir.promql.annotation.Annotations;
import io.weir.promql.ast.PositionRange;
import io.weir.promql.labels.Labels;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the answers of Prometheus' HTTP API as they come, without building a tree of them: vectors and matrices of floats.
 *
 * <p>Format: {@code {"status":"success","data":{"resultType":"vector","result":[{"metric":{..},"value":[seconds,"text"]}]}}}, for a matrix
 * {@code "values":[[seconds,"text"],..]}; {@code "warnings"} and {@code "infos"} beside the data, lists of texts.
 */
final class PrometheusAnswers {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int MESSAGE_CHARACTERS_MAX = 500;

    private final int seriesMax;
    private final String expectedType;
    private final Samples samples;
    private String status = "";
    private String error = "";
    private String warning = "";
    private String resultType = "";
    private int series;
    private boolean isPartial;
    private final List<Annotation> annotations = new ArrayList<>();

    /** Takes the samples of an answer, series by series. */
    @FunctionalInterface
    interface Samples {
        /** @throws SourceException if it cannot be taken */
        void sample(Labels labels, long timeMillis, double value) throws SourceException;
    }

    private PrometheusAnswers(int seriesMax, String expectedType, Samples samples) {
        this.seriesMax = seriesMax;
        this.expectedType = expectedType;
        this.samples = samples;
    }

    /**
     * Reads an answer.
     *
     * @param expectedType vector or matrix
     * @return its warnings and infos, with their positions in their texts
     * @throws SourceException if it is an error or broken
     */
    static List<Annotation> read(PinnedHttp.Answer answer, String expectedType, int seriesMax, Samples samples)
            throws SourceException {
        PrometheusAnswers reader = new PrometheusAnswers(seriesMax, expectedType, samples);
        try (JsonParser parser = JSON.createParser(answer.body())) {
            reader.read(parser);
        } catch (JsonProcessingException e) {
            if (answer.status() / 100 != 2) {
                throw new SourceException(Cause.BAD_DATA, "the server answers with status " + answer.status(), e);
            }
            throw new SourceException(Cause.BAD_DATA, "the answer is no JSON of Prometheus' API", e);
        } catch (IOException e) {
            throw new SourceException(Cause.BAD_DATA, "the answer cannot be read", e);
        }
        if (answer.status() / 100 != 2 || !reader.status.equals("success")) {
            throw new SourceException(
                    Cause.BAD_DATA,
                    "the server answers with status " + answer.status()
                            + (reader.error.isEmpty() ? "" : ": " + shortened(reader.error)));
        }
        if (!reader.resultType.equals(expectedType)) {
            throw new SourceException(
                    Cause.BAD_DATA,
                    "the server answers with a " + shortened(reader.resultType) + ", not a " + expectedType);
        }
        if (reader.isPartial) {
            throw new SourceException(Cause.BAD_DATA, "the server says that its answer is partial");
        }
        if (!reader.warning.isEmpty()) {
            throw new SourceException(
                    Cause.BAD_DATA, "the server warns that its answer lacks something: " + shortened(reader.warning));
        }
        return reader.annotations;
    }

    private static String shortened(String text) {
        return text.length() <= MESSAGE_CHARACTERS_MAX ? text : text.substring(0, MESSAGE_CHARACTERS_MAX) + "...";
    }

    private void read(JsonParser parser) throws IOException, SourceException {
        expect(parser.nextToken(), JsonToken.START_OBJECT);
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (field) {
                case "status" -> status = parser.getText();
                case "error" -> error = parser.getText();
                case "isPartial" -> isPartial = value == JsonToken.VALUE_TRUE;
                case "data" -> data(parser, value);
                case "warnings" -> annotations(parser, value, Annotation.Level.WARNING);
                case "infos" -> annotations(parser, value, Annotation.Level.INFO);
                default -> parser.skipChildren();
            }
        }
    }

    /** Remarks on the query begin with PromQL; any other warning is of a store that did not give what it has, though the status is success. */
    private void annotations(JsonParser parser, JsonToken start, Annotation.Level level) throws IOException {
        // A server that has none may say null.
        if (start == JsonToken.VALUE_NULL) {
            return;
        }
        expect(start, JsonToken.START_ARRAY);
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(parser.currentToken(), JsonToken.VALUE_STRING);
            String text = parser.getText();
            boolean isOfQuery = text.startsWith("PromQL warning:") || text.startsWith("PromQL info:");
            if (level == Annotation.Level.WARNING && !isOfQuery && warning.isEmpty()) {
                warning = text.isEmpty() ? "(a warning without a text)" : text;
            } else if (annotations.size() < Annotations.LIMIT) {
                annotations.add(new Annotation(level, text, PositionRange.NONE));
            }
        }
    }

    private void data(JsonParser parser, JsonToken start) throws IOException, SourceException {
        if (start != JsonToken.START_OBJECT) {
            parser.skipChildren();
            return;
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            if (field.equals("resultType")) {
                resultType = parser.getText();
            } else if (field.equals("result") && value == JsonToken.START_ARRAY && isExpected()) {
                while (parser.nextToken() == JsonToken.START_OBJECT) {
                    element(parser);
                }
            } else {
                parser.skipChildren();
            }
        }
    }

    /** Every server writes the type first; one that does not is read as if its type were right, and its values tell. */
    private boolean isExpected() {
        return resultType.isEmpty() || resultType.equals(expectedType);
    }

    private void element(JsonParser parser) throws IOException, SourceException {
        series++;
        if (series > seriesMax) {
            throw new SourceException(
                    Cause.LIMIT,
                    "the answer has more than precompute-sources-prometheus-series-max=" + seriesMax + " series");
        }
        Labels labels = Labels.EMPTY;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (field) {
                case "metric" -> labels = labels(parser, value);
                case "value" -> sample(parser, value, labels);
                case "values" -> {
                    expect(value, JsonToken.START_ARRAY);
                    for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
                        sample(parser, next, labels);
                    }
                }
                case "histogram" ->
                    throw new SourceException(
                            Cause.UNSUPPORTED, "native histograms of a Prometheus source are not supported in jobs");
                // Functions over floats pass over the histograms of a series.
                default -> parser.skipChildren();
            }
        }
    }

    private static Labels labels(JsonParser parser, JsonToken start) throws IOException {
        expect(start, JsonToken.START_OBJECT);
        Map<String, String> labels = new HashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            expect(parser.nextToken(), JsonToken.VALUE_STRING);
            labels.put(name, parser.getText());
        }
        return Labels.of(labels);
    }

    private void sample(JsonParser parser, JsonToken start, Labels labels) throws IOException, SourceException {
        expect(start, JsonToken.START_ARRAY);
        JsonToken time = parser.nextToken();
        if (time != JsonToken.VALUE_NUMBER_INT && time != JsonToken.VALUE_NUMBER_FLOAT) {
            throw new BrokenException("a time is no number");
        }
        long millis;
        try {
            millis = new BigDecimal(parser.getText()).movePointRight(3).longValueExact();
        } catch (ArithmeticException e) {
            // Finer than milliseconds: Prometheus knows nothing finer, others do.
            millis = new BigDecimal(parser.getText()).movePointRight(3).longValue();
        }
        expect(parser.nextToken(), JsonToken.VALUE_STRING);
        double value = number(parser.getText());
        expect(parser.nextToken(), JsonToken.END_ARRAY);
        samples.sample(labels, millis, value);
    }

    private static double number(String text) throws IOException {
        return switch (text) {
            case "NaN" -> Double.NaN;
            case "+Inf", "Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            default -> {
                try {
                    yield Double.parseDouble(text);
                } catch (NumberFormatException e) {
                    throw new BrokenException("a value is no number");
                }
            }
        };
    }

    /** JSON that is not what the API writes. */
    private static final class BrokenException extends JsonProcessingException {
        private static final long serialVersionUID = 1L;

        BrokenException(String message) {
            super(message);
        }
    }

    private static void expect(JsonToken token, JsonToken expected) throws IOException {
        if (token != expected) {
            throw new BrokenException(token + " in place of " + expected);
        }
    }
}
