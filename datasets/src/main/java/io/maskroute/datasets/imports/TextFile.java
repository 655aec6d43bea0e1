package io.maskroute.datasets.imports;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.writer.HashedInput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A text file of a person's: UTF-8, UTF-16 where a byte order mark says so (Excel's "Unicode text"), else Windows' cp1252, which is
 * what LISA's loader falls back to.
 *
 * @param source which file it was
 */
record TextFile(String text, Charset charset, DatasetManifest.SourceFile source) {
    private static final Charset CP1252 = Charset.forName("windows-1252");
    private static final int LARGEST = 1 << 30;

    /**
     * @param what what the user was asked for, for messages
     * @throws UnusableInputException when it cannot be read, or is too large
     */
    static TextFile read(String file, String what, Configuration hadoop) {
        try (HashedInput in = HashedInput.open(file, what, hadoop)) {
            byte[] bytes = in.readNBytes(LARGEST);
            if (bytes.length == LARGEST) {
                throw new UnusableInputException("The " + what + " " + file + " has more than " + LARGEST + " bytes");
            }
            Charset charset = charset(bytes);
            String text = charset.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            return new TextFile(text.startsWith("\uFEFF") ? text.substring(1) : text, charset, in.sourceFile());
        } catch (CharacterCodingException e) {
            throw new UnusableInputException("The " + what + " " + file + " is no text: save it as UTF-8", e);
        } catch (IOException e) {
            throw new UnusableInputException("The " + what + " " + file + " cannot be read: " + Reason.of(e), e);
        }
    }

    /** The file's text, or null where there is no such file. */
    static TextFile readIfThere(Path file, Configuration hadoop) throws IOException {
        return HadoopFiles.fileSystem(file, hadoop).exists(file) ? read(file.toString(), "file", hadoop) : null;
    }

    private static Charset charset(byte[] bytes) {
        if (bytes.length >= 2 && (bytes[0] == -1 && bytes[1] == -2 || bytes[0] == -2 && bytes[1] == -1)) {
            return StandardCharsets.UTF_16;
        }
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return StandardCharsets.UTF_8;
        } catch (CharacterCodingException e) {
            return CP1252;
        }
    }
}
