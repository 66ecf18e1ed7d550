package io.weir.promql.exec;

import io.weir.promql.labels.Labels;
import java.math.BigInteger;

/** Compares texts so that numbers in them count as numbers: "2" before "10", "node-9" before "node-10". */
final class NaturalOrder {
    private NaturalOrder() {}

    static int compare(String left, String right) {
        int i = 0;
        int j = 0;
        while (i < left.length() && j < right.length()) {
            int leftEnd = runEnd(left, i);
            int rightEnd = runEnd(right, j);
            String leftRun = left.substring(i, leftEnd);
            String rightRun = right.substring(j, rightEnd);
            int order = isDigit(left.charAt(i)) && isDigit(right.charAt(j))
                    ? new BigInteger(leftRun).compareTo(new BigInteger(rightRun))
                    : Labels.compareStrings(leftRun, rightRun);
            if (order != 0) {
                return order;
            }
            i = leftEnd;
            j = rightEnd;
        }
        return Integer.compare(left.length() - i, right.length() - j);
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    /** End of the run of digits, or of other characters, that starts here. */
    private static int runEnd(String text, int start) {
        boolean digits = isDigit(text.charAt(start));
        int end = start + 1;
        while (end < text.length() && isDigit(text.charAt(end)) == digits) {
            end++;
        }
        return end;
    }
}
