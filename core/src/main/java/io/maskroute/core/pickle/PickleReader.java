package io.maskroute.core.pickle;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Reads pickles of protocol 0 to 5 as plain Java values: {@code null}, {@code Boolean}, {@code Long} or {@code BigInteger}, {@code
 * Double}, {@code String}, {@code List} (lists and tuples) and {@code Map<String, Object>} in stored order. Byte strings, which
 * is what Python 2's {@code str} is, are decoded as latin-1. Anything that would construct or call an object is refused by name;
 * so are results that contain themselves or that are too large when walked as a tree.
 *
 * <p>Bytes after the first pickle are ignored, as Python does.
 */
public final class PickleReader {
    private PickleReader() {}

    /** @throws UnusableInputException naming the file and what is wrong with it */
    public static Object read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return read(file.toString(), in, PickleLimits.DEFAULT);
        } catch (NoSuchFileException e) {
            throw new UnusableInputException(file + " does not exist", e);
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + Reason.of(e), e);
        }
    }

    /** @param origin the file, for messages */
    public static Object read(String origin, InputStream in, PickleLimits limits) throws IOException {
        int most = (int) Math.min(limits.bytes(), Integer.MAX_VALUE - 9);
        byte[] bytes = in.readNBytes(most + 1);
        if (bytes.length > most) {
            throw new UnusableInputException(origin + " has more than the " + most + " bytes a pickle may have");
        }
        return read(origin, bytes, limits, Globals.NONE);
    }

    /**
     * @param origin the file, for messages
     * @param globals names the pickle may use beyond plain values; the result may then hold what they return
     */
    public static Object read(String origin, byte[] bytes, PickleLimits limits, Globals globals) {
        PickleInput input = new PickleInput(origin, bytes);
        Object value = new PickleMachine(input, limits, globals).run();
        new ResultCheck(input, limits).require(value);
        return value;
    }
}
