package io.maskroute.job.export;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Ids as names of files: what is outside {@code [A-Za-z0-9._-]} becomes % and its bytes, as in URIs, so no two are the same. */
final class FileNames {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9._-]");
    private static final String EMPTY = "%";
    /** File systems take 255 bytes; endings and numbers come after it. */
    private static final int LONGEST = 200;

    private static final int KEPT = 150;

    private FileNames() {}

    /** Of a picture: a slash makes folders. Never leads out of the folder, nor to a file that is always there. */
    static String ofPicture(String id, Set<String> taken) {
        String path = Stream.of(id.split("/", -1)).map(FileNames::of).collect(Collectors.joining("/"));
        String first = path.replaceFirst("/.*", "");
        return taken.contains(first) ? percent((byte) path.charAt(0)) + path.substring(1) : path;
    }

    /** One name, without folders. */
    static String of(String id) {
        if (id.isEmpty()) {
            return EMPTY;
        }
        StringBuilder name = new StringBuilder();
        if (PLAIN.matcher(id).matches() && !id.matches("\\.+")) {
            name.append(id);
        } else {
            for (byte letter : id.getBytes(StandardCharsets.UTF_8)) {
                char plain = (char) letter;
                boolean keep =
                        letter > 0 && PLAIN.matcher(String.valueOf(plain)).matches() && !id.matches("\\.+");
                name.append(keep ? String.valueOf(plain) : percent(letter));
            }
        }
        return name.length() <= LONGEST ? name.toString() : name.substring(0, KEPT) + "-" + hash(id);
    }

    private static String percent(byte letter) {
        return String.format("%%%02X", letter & 0xff);
    }

    private static String hash(String id) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(id.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
