package io.maskroute.core.torchscript;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes the program as a TorchScript archive: a zip of {@code data.pkl} (an object without attributes), {@code constants.pkl}
 * (none), {@code version} and the code, as PyTorch's {@code torch/csrc/jit/serialization} reads it.
 */
public final class ScriptArchive {
    private static final List<String> SOURCES = List.of(
            "common.py",
            "swin.py",
            "vision_projector.py",
            "siglip.py",
            "perceiver.py",
            "llm.py",
            "dropping.py",
            "pixel_decoder.py",
            "mask_decoder.py",
            "postprocess.py",
            "tasks.py",
            "trace.py",
            "training.py",
            "calibration.py");

    /** Operator versions of PyTorch 2; lower ones select the schemas of older releases. */
    private static final String VERSION = "10\n";

    /** Pickle protocol 2: {@code __torch__.Program.__new__()} with the state {@code {"training": False}}. */
    private static final byte[] OBJECT = concat(
            new byte[] {(byte) 0x80, 2, 'c'},
            ascii("__torch__\nProgram\n"),
            new byte[] {')', (byte) 0x81, '}', 'X', 8, 0, 0, 0},
            ascii("training"),
            new byte[] {(byte) 0x89, 's', 'b', '.'});

    /** Pickle protocol 2: an empty tuple. */
    private static final byte[] NO_CONSTANTS = {(byte) 0x80, 2, ')', '.'};

    private ScriptArchive() {}

    /** The archive's bytes; the same for the same sources. */
    public static byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            put(zip, "data.pkl", OBJECT);
            put(zip, "code/__torch__.py", code().getBytes(StandardCharsets.UTF_8));
            put(zip, "constants.pkl", NO_CONSTANTS);
            put(zip, "version", ascii(VERSION));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static String code() {
        StringBuilder code = new StringBuilder(
                "class Program(Module):\n    __parameters__ = []\n    __buffers__ = []\n    training : bool\n");
        for (String source : SOURCES) {
            code.append('\n');
            text(source).lines().forEach(line -> code.append(line.isBlank() ? "" : "    ")
                    .append(line)
                    .append('\n'));
        }
        return code.toString();
    }

    private static String text(String source) {
        try (InputStream in = ScriptArchive.class.getResourceAsStream(source)) {
            if (in == null) {
                throw new IllegalStateException("TorchScript source " + source + " is not on the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry("program/" + name);
        entry.setTime(0);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        CRC32 crc = new CRC32();
        crc.update(content);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
