package io.weir.lake.artifact;

import io.weir.promql.annotation.Annotation;
import io.weir.promql.ast.PositionRange;
import java.util.ArrayList;
import java.util.List;

/** Annotations as one metadata value: a line {@code LEVEL start end text} for each, line breaks and backslashes in the text escaped. */
final class AnnotationText {
    private AnnotationText() {}

    static String encode(List<Annotation> annotations) {
        StringBuilder text = new StringBuilder();
        for (Annotation annotation : annotations) {
            text.append(annotation.level())
                    .append(' ')
                    .append(annotation.position().start())
                    .append(' ')
                    .append(annotation.position().end())
                    .append(' ')
                    .append(annotation.text().replace("\\", "\\\\").replace("\n", "\\n"))
                    .append('\n');
        }
        return text.toString();
    }

    static List<Annotation> decode(String text) {
        List<Annotation> annotations = new ArrayList<>();
        int from = 0;
        while (from < text.length()) {
            int to = text.indexOf('\n', from);
            if (to < 0) {
                throw new CorruptArtifactException("annotations end early");
            }
            annotations.add(decodeLine(text.substring(from, to)));
            from = to + 1;
        }
        return List.copyOf(annotations);
    }

    private static Annotation decodeLine(String line) {
        int first = line.indexOf(' ');
        int second = line.indexOf(' ', first + 1);
        int third = line.indexOf(' ', second + 1);
        if (first < 0 || second < 0 || third < 0) {
            throw new CorruptArtifactException("bad annotation: " + line);
        }
        try {
            return new Annotation(
                    Annotation.Level.valueOf(line.substring(0, first)),
                    unescape(line.substring(third + 1)),
                    new PositionRange(
                            Integer.parseInt(line.substring(first + 1, second)),
                            Integer.parseInt(line.substring(second + 1, third))));
        } catch (IllegalArgumentException e) {
            throw new CorruptArtifactException("bad annotation: " + line, e);
        }
    }

    private static String unescape(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder value = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length()) {
                i++;
                value.append(text.charAt(i) == 'n' ? '\n' : text.charAt(i));
            } else {
                value.append(c);
            }
        }
        return value.toString();
    }
}
