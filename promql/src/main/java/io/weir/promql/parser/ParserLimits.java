package io.weir.promql.parser;

/**
 * Bounds on what is parsed, so that no text can exhaust memory or a thread's stack.
 *
 * @param queryLengthMax longest text, in characters
 * @param nestingDepthMax deepest nesting of parentheses, calls, aggregations, signs and powers
 * @param treeDepthMax longest path from the root of the tree to a leaf; a chain of n operators is n deep
 */
public record ParserLimits(int queryLengthMax, int nestingDepthMax, int treeDepthMax) {
    public static final ParserLimits DEFAULT = new ParserLimits(256 * 1024, 250, 500);

    public ParserLimits {
        if (queryLengthMax <= 0 || nestingDepthMax <= 0 || treeDepthMax <= 0) {
            throw new IllegalArgumentException(
                    "limits must be positive: " + queryLengthMax + ", " + nestingDepthMax + ", " + treeDepthMax);
        }
    }
}
