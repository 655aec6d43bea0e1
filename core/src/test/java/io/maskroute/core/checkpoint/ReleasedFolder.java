package io.maskroute.core.checkpoint;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.RandomTensors;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;

/**
 * Writes model folders laid out as the released PSALM is (its hub listing, and the {@code config.json} of its first stage): fp32,
 * shards of at most 5 GB in the order of the state dict, an index, every key that PSALM stores and eight that belong to nothing,
 * no {@code tokenizer.json}. The numbers are random.
 */
public final class ReleasedFolder {
    /** transformers' default, decimal. */
    public static final long SHARD_BYTES = 5_000_000_000L;

    private static final int CHUNK_BYTES = 1 << 22;
    private static final List<String> PARTS = List.of("q_proj", "k_proj", "v_proj");
    private static final String FUSED = "query_key_value";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** How the LLM's attention and the weights' files are laid out; the numbers are the same in all. */
    public enum Form {
        /** As released. */
        SAFETENSORS,
        /** Queries, keys and values apart, as transformers stores them from 4.37 on. */
        SPLIT,
        /** {@code pytorch_model-0000x-of-0000y.bin} with their index. */
        BIN,
        /** The same without the index. */
        BIN_WITHOUT_INDEX
    }

    private final ModelConfig config;
    private final Form form;
    private final RandomTensors numbers;
    /** In the order in which PyTorch stores them. */
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();

    private ReleasedFolder(ModelConfig config, Form form, long seed) {
        this.config = config;
        this.form = form;
        this.numbers = RandomWeights.of(config, seed);
        for (Parameter parameter : StateDict.expected(config)) {
            if (form == Form.SPLIT && parameter.key().contains(FUSED)) {
                long[] shape = parameter.info().shape();
                shape[0] /= PARTS.size();
                PARTS.forEach(part -> tensors.put(
                        parameter.key().replace(FUSED, part),
                        new TensorInfo(parameter.info().dtype(), shape)));
            } else {
                tensors.put(parameter.key(), parameter.info());
            }
        }
        int d = config.llm().hidden();
        for (String linear : List.of("f", "v", "proj")) {
            tensors.put("region_sampler.cluster." + linear + ".weight", TensorInfo.of(DType.F32, d, d));
            tensors.put("region_sampler.cluster." + linear + ".bias", TensorInfo.of(DType.F32, d));
        }
        tensors.put("region_sampler.cluster.sim_alpha", TensorInfo.of(DType.F32, 1));
        tensors.put("region_sampler.cluster.sim_beta", TensorInfo.of(DType.F32, 1));
    }

    /**
     * @param folder which exists
     * @param config the LLM's tokens must be those of the released tokenizer
     * @param shardBytes of tensors in a file, at most
     */
    public static void write(Path folder, ModelConfig config, Form form, long shardBytes, long seed)
            throws IOException {
        ReleasedFolder released = new ReleasedFolder(config, form, seed);
        released.writeConfig(folder.resolve("config.json"));
        ReleasedTokenizer.write(folder);
        Files.writeString(folder.resolve("generation_config.json"), "{\"_from_model_config\": true}");
        released.writeWeights(folder, shardBytes);
    }

    /** The first stage's fields, those of a trained model, and what a size other than PSALM's needs. */
    private void writeConfig(Path file) throws IOException {
        ModelConfig.Llm llm = config.llm();
        ObjectNode json = JSON.createObjectNode()
                .put("_name_or_path", "/checkpoints/PSALM_stage1")
                .put("attention_dropout", 0.0)
                .put("bos_token_id", 1)
                .put("embd_pdrop", 0.0)
                .put("eos_token_id", 2)
                .put("freeze_mm_mlp_adapter", false)
                .put("hidden_act", "gelu_new")
                .put("hidden_size", llm.hidden())
                .put("image_aspect_ratio", "square")
                .put("initializer_range", 0.02)
                .put("intermediate_size", llm.ffn())
                .put("layer_norm_eps", llm.layerNormEps())
                .put("mask_decode_train", true)
                .put("max_position_embeddings", llm.maxPositions())
                .put("mm_hidden_size", 256)
                .put("mm_projector_type", "swin_conv")
                .put("mm_use_im_patch_token", false)
                .put("mm_use_im_start_end", false)
                .put("mm_vision_tower", "/checkpoints/model_final_54b88a.pkl")
                .put("model_type", "llava_phi")
                .put("num_attention_heads", llm.heads())
                .put("num_hidden_layers", llm.layers())
                .put("partial_rotary_factor", 0.5)
                .put("pretraining_tp", 1)
                .put("projector_outdim", llm.hidden())
                .put("qk_layernorm", false)
                .putNull("rope_scaling")
                .put("rope_theta", llm.ropeTheta())
                .put("swin_type", "base")
                .put("tie_word_embeddings", false)
                .put("torch_dtype", "float32")
                .put("transformers_version", "4.36.2")
                .put("tune_mm_mlp_adapter", true)
                .put("use_cache", true)
                .put("use_mm_proj", true)
                .put("vocab_size", llm.vocab())
                .put("with_layernorm", false)
                .put("with_norm", true);
        json.putArray("architectures").add("PSALM");
        if (!config.equals(Psalm.published())) {
            json.remove("swin_type");
            ObjectNode own = json.putObject("maskroute");
            own.putObject("image").put("size", config.image().size());
            own.putObject("pixel_decoder")
                    .put("heads", config.pixelDecoder().heads())
                    .put("points", config.pixelDecoder().points());
            own.putObject("mask_decoder").put("heads", config.maskDecoder().heads());
        }
        Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json));
    }

    private void writeWeights(Path folder, long shardBytes) throws IOException {
        List<Map<String, TensorInfo>> shards = new ArrayList<>();
        long bytes = 0;
        long total = 0;
        for (Map.Entry<String, TensorInfo> tensor : tensors.entrySet()) {
            long length = tensor.getValue().byteLength();
            if (shards.isEmpty() || bytes + length > shardBytes) {
                shards.add(new LinkedHashMap<>());
                bytes = 0;
            }
            shards.get(shards.size() - 1).put(tensor.getKey(), tensor.getValue());
            bytes += length;
            total += length;
        }
        boolean bin = form == Form.BIN || form == Form.BIN_WITHOUT_INDEX;
        ObjectNode map = JSON.createObjectNode();
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format(
                    Locale.ROOT,
                    bin ? "pytorch_model-%05d-of-%05d.bin" : "model-%05d-of-%05d.safetensors",
                    i + 1,
                    shards.size());
            shards.get(i).keySet().forEach(key -> map.put(key, name));
            if (bin) {
                writeBin(folder.resolve(name), shards.get(i));
            } else {
                writeSafetensors(folder.resolve(name), shards.get(i));
            }
        }
        if (form != Form.BIN_WITHOUT_INDEX) {
            ObjectNode index = JSON.createObjectNode();
            index.putObject("metadata").put("total_size", total);
            index.set("weight_map", map);
            Files.writeString(
                    folder.resolve((bin ? "pytorch_model.bin" : "model.safetensors") + ".index.json"),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsString(index));
        }
    }

    private interface Sink {
        void put(ByteBuffer bytes) throws IOException;
    }

    private void bytes(String key, TensorInfo info, Sink sink) throws IOException {
        String part =
                PARTS.stream().filter(name -> key.contains(name)).findFirst().orElse(null);
        if (part == null) {
            bytes(key, 0, info.byteLength(), sink);
            return;
        }
        int heads = config.llm().heads();
        long run = info.byteLength() / heads;
        for (int head = 0; head < heads; head++) {
            bytes(key.replace(part, FUSED), (3L * head + PARTS.indexOf(part)) * run, run, sink);
        }
    }

    private void bytes(String key, long offset, long length, Sink sink) throws IOException {
        ByteBuffer chunk =
                ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, length)).order(ByteOrder.LITTLE_ENDIAN);
        for (long at = 0; at < length; at += chunk.limit()) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), length - at));
            if (numbers.names().contains(key)) {
                numbers.read(key, offset + at, chunk);
                chunk.flip();
            }
            sink.put(chunk);
            // What nothing reads is zero.
            chunk.clear();
            java.util.Arrays.fill(chunk.array(), (byte) 0);
            chunk.limit((int) Math.min(chunk.capacity(), length - at));
        }
    }

    private void writeSafetensors(Path file, Map<String, TensorInfo> shard) throws IOException {
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, shard, Map.of("format", "pt"))) {
            for (Map.Entry<String, TensorInfo> tensor : shard.entrySet()) {
                bytes(tensor.getKey(), tensor.getValue(), chunk -> writer.write(tensor.getKey(), chunk));
            }
            writer.finish();
        }
    }

    /** As {@code torch.save} lays it out: a description in pickle, and a file for each tensor's numbers. */
    private void writeBin(Path file, Map<String, TensorInfo> shard) throws IOException {
        try (ZipArchiveOutputStream zip = new ZipArchiveOutputStream(file.toFile())) {
            zip.setMethod(ZipEntry.STORED);
            byte[] pickle = pickle(shard);
            entry(zip, "archive/data.pkl", pickle.length);
            zip.write(pickle);
            zip.closeArchiveEntry();
            int number = 0;
            for (Map.Entry<String, TensorInfo> tensor : shard.entrySet()) {
                entry(zip, "archive/data/" + number++, tensor.getValue().byteLength());
                bytes(
                        tensor.getKey(),
                        tensor.getValue(),
                        chunk -> zip.write(chunk.array(), chunk.position(), chunk.remaining()));
                zip.closeArchiveEntry();
            }
        }
    }

    private static void entry(ZipArchiveOutputStream zip, String name, long size) throws IOException {
        ZipArchiveEntry entry = new ZipArchiveEntry(name);
        entry.setSize(size);
        zip.putArchiveEntry(entry);
    }

    private static byte[] pickle(Map<String, TensorInfo> shard) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x80, 2, '}', '('});
        int number = 0;
        for (Map.Entry<String, TensorInfo> tensor : shard.entrySet()) {
            TensorInfo info = tensor.getValue();
            text(out, tensor.getKey());
            ascii(out, "ctorch._utils\n_rebuild_tensor_v2\n((");
            text(out, "storage");
            ascii(out, "ctorch\n" + (info.dtype() == DType.I64 ? "LongStorage" : "FloatStorage") + "\n");
            text(out, String.valueOf(number++));
            text(out, "cpu");
            number(out, info.elements());
            ascii(out, "tQ");
            number(out, 0);
            long[] shape = info.shape();
            ascii(out, "(");
            for (long size : shape) {
                number(out, size);
            }
            ascii(out, "t(");
            for (int i = 0; i < shape.length; i++) {
                long stride = 1;
                for (int j = i + 1; j < shape.length; j++) {
                    stride *= shape[j];
                }
                number(out, stride);
            }
            out.writeBytes(new byte[] {'t', (byte) 0x89});
            ascii(out, "ccollections\nOrderedDict\n)RtR");
        }
        ascii(out, "u.");
        return out.toByteArray();
    }

    private static void ascii(ByteArrayOutputStream out, String opcodes) {
        out.writeBytes(opcodes.getBytes(StandardCharsets.US_ASCII));
    }

    private static void text(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeBytes(littleEndian('X', bytes.length));
        out.writeBytes(bytes);
    }

    private static void number(ByteArrayOutputStream out, long value) {
        out.writeBytes(littleEndian('J', Math.toIntExact(value)));
    }

    private static byte[] littleEndian(char opcode, int value) {
        return ByteBuffer.allocate(5)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) opcode)
                .putInt(value)
                .array();
    }
}
