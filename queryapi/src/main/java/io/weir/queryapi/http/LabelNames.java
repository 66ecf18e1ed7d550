package io.weir.queryapi.http;

/** Label names in URLs: {@code U__} escapes (prometheus/common model/metric.go, UnescapeName with ValueEncodingEscaping). */
final class LabelNames {
    private static final String PREFIX = "U__";
    private static final int HEX_LENGTH_MAX = 6;

    private LabelNames() {}

    /** The name without escapes; a name that is not escaped, or not well, stays as it is. */
    static String unescape(String name) {
        if (!name.startsWith(PREFIX)) {
            return name;
        }
        StringBuilder text = new StringBuilder();
        int i = PREFIX.length();
        while (i < name.length()) {
            char c = name.charAt(i);
            if (c != '_') {
                text.append(c);
                i++;
                continue;
            }
            if (i + 1 < name.length() && name.charAt(i + 1) == '_') {
                text.append('_');
                i += 2;
                continue;
            }
            int end = name.indexOf('_', i + 1);
            if (end <= i + 1 || end - i - 1 > HEX_LENGTH_MAX) {
                return name;
            }
            int point = hexadecimal(name.substring(i + 1, end));
            if (point < 0 || !Character.isValidCodePoint(point) || (point >= 0xd800 && point <= 0xdfff)) {
                return name;
            }
            text.appendCodePoint(point);
            i = end + 1;
        }
        return text.toString();
    }

    private static int hexadecimal(String digits) {
        int value = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = Character.digit(digits.charAt(i), 16);
            if (digit < 0 || digits.charAt(i) > 'f') {
                return -1;
            }
            value = value * 16 + digit;
        }
        return value;
    }
}
