package io.maskroute.core.checkpoint;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.pickle.PickleLimits;
import io.maskroute.core.pickle.PickleReader;
import io.maskroute.core.safetensors.FileTensors;
import io.maskroute.core.safetensors.TensorSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/**
 * A state dict as {@code torch.save} writes it since PyTorch 1.6: a zip of {@code NAME/data.pkl}, which describes the tensors, and
 * {@code NAME/data/KEY}, uncompressed storages of little-endian numbers, which are read in place. The description is a pickle
 * and is read by {@link PickleReader} with {@link TorchGlobals} as the only names: nothing in it is run.
 */
final class PytorchCheckpoint {
    private static final String DIRECTORY = "data.pkl";
    private static final PickleLimits LIMITS = new PickleLimits(1 << 26, 10_000_000, 20);

    private final Path file;
    private final ZipFile zip;
    /** Prefix of every entry, up to and with the slash. */
    private final String root;

    private PytorchCheckpoint(Path file, ZipFile zip, String root) {
        this.file = file;
        this.zip = zip;
        this.root = root;
    }

    /** @throws UnusableInputException when it is no such file, is damaged, or holds anything but plain tensors */
    static TensorSource open(Path file) {
        try {
            Map<String, FileTensors.Region> regions;
            try (ZipFile zip = ZipFile.builder().setPath(file).get()) {
                regions = new PytorchCheckpoint(file, zip, root(file, zip)).regions();
            }
            return new FileTensors(file, FileChannel.open(file, StandardOpenOption.READ), regions);
        } catch (IOException | IllegalArgumentException e) {
            throw new UnusableInputException(
                    file + " is not a PyTorch checkpoint of version 1.6 or newer, or is truncated (" + e.getMessage()
                            + "); fetch it again, or save its state dict as safetensors",
                    e);
        }
    }

    private static String root(Path file, ZipFile zip) {
        List<String> found = new ArrayList<>();
        zip.getEntries().asIterator().forEachRemaining(entry -> {
            String name = entry.getName();
            if (name.equals(DIRECTORY)
                    || (name.endsWith("/" + DIRECTORY) && name.indexOf('/') == name.lastIndexOf('/'))) {
                found.add(name.substring(0, name.length() - DIRECTORY.length()));
            }
        });
        if (found.size() != 1) {
            throw new UnusableInputException(
                    file + " is a zip with " + found.size() + " data.pkl, expected one: it is no PyTorch checkpoint");
        }
        return found.get(0);
    }

    private Map<String, FileTensors.Region> regions() throws IOException {
        if (zip.getEntry(root + "byteorder") != null
                && !new String(content("byteorder", 16), StandardCharsets.US_ASCII).equals("little")) {
            throw new UnusableInputException(
                    file + " was not written on a little-endian machine; save it as safetensors");
        }
        byte[] pickle = content(DIRECTORY, (int) LIMITS.bytes());
        Object described = PickleReader.read(file + "!" + root + DIRECTORY, pickle, LIMITS, new TorchGlobals());
        if (!(described instanceof Map<?, ?> dict)) {
            throw new UnusableInputException(file + " holds no dict of tensors");
        }
        Map<String, FileTensors.Region> regions = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : dict.entrySet()) {
            if (!(entry.getValue() instanceof TorchGlobals.Tensor tensor)) {
                throw new UnusableInputException(file + ": entry '" + entry.getKey()
                        + "' is no tensor; expected the model's state dict alone, as model.state_dict() gives it");
            }
            regions.put((String) entry.getKey(), region((String) entry.getKey(), tensor));
        }
        return regions;
    }

    private FileTensors.Region region(String name, TorchGlobals.Tensor tensor) throws IOException {
        ZipArchiveEntry entry = zip.getEntry(root + "data/" + tensor.storage().key());
        if (entry == null) {
            throw new UnusableInputException(file + ": tensor " + name + " lies in storage "
                    + tensor.storage().key() + ", which is missing");
        }
        if (entry.getMethod() != ZipEntry.STORED) {
            throw new UnusableInputException(file + ": storage " + entry.getName()
                    + " is compressed, which torch.save never does; save the state dict again");
        }
        if (!tensor.contiguous()) {
            throw new UnusableInputException(file + ": tensor " + name + " (" + tensor.info()
                    + ") is not contiguous in memory; save it with .contiguous()");
        }
        long width = tensor.info().dtype().bytes();
        long held = Math.min(entry.getSize(), Files.size(file) - entry.getDataOffset()) / width;
        long first = tensor.firstElement();
        if (entry.getDataOffset() < 0 || first > held || tensor.info().elements() > held - first) {
            throw new UnusableInputException(file + ": tensor " + name + " (" + tensor.info() + " from element " + first
                    + ") reaches beyond its storage of " + held + " elements");
        }
        return new FileTensors.Region(tensor.info(), entry.getDataOffset() + first * width);
    }

    private byte[] content(String name, int most) throws IOException {
        try (InputStream in = zip.getInputStream(zip.getEntry(root + name))) {
            byte[] content = in.readNBytes(most + 1);
            if (content.length > most) {
                throw new UnusableInputException(file + ": " + name + " has more than " + most + " bytes");
            }
            return content;
        }
    }
}
