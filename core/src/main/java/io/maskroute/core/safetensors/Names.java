package io.maskroute.core.safetensors;

/** Foreign text in messages: quoted, on one line, of bounded length. */
final class Names {
    private static final int LONGEST = 120;

    private Names() {}

    static String quote(String name) {
        String shown = name.length() <= LONGEST ? name : name.substring(0, LONGEST) + "…";
        StringBuilder out = new StringBuilder("'");
        shown.chars().forEach(c -> out.append(Character.isISOControl(c) ? '?' : (char) c));
        return out.append('\'').toString();
    }
}
