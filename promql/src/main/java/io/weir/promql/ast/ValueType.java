package io.weir.promql.ast;

/** Static type of an expression, with its name in Prometheus' messages and JSON. */
public enum ValueType {
    SCALAR("scalar"),
    STRING("string"),
    VECTOR("vector"),
    MATRIX("matrix");

    private final String text;

    ValueType(String text) {
        this.text = text;
    }

    public String text() {
        return text;
    }

    /** The name in type errors of the parser, where a vector is an "instant vector" and a matrix a "range vector". */
    public String documentedText() {
        return switch (this) {
            case VECTOR -> "instant vector";
            case MATRIX -> "range vector";
            case SCALAR, STRING -> text;
        };
    }
}
