package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.bench.BenchModel;
import io.maskroute.core.bench.PromptShape;
import io.maskroute.core.checkpoint.RandomWeights;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.safetensors.RandomTensors;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchType;
import io.maskroute.core.training.Trainer;
import io.maskroute.core.training.Trainer.Trainable;
import io.maskroute.core.training.TrainingSettings;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FailedLoadTest {
    private static final ModelConfig TINY = TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0));

    /** 32 MB of embeddings. */
    private static final int VOCABULARY = 1 << 17;

    /** More than a process can address. */
    private static final TensorSource TOO_LARGE = RandomTensors.builder("too large", 1)
            .uniform("model.embed_tokens.weight", new long[] {1L << 50}, 0, 1)
            .build();

    @Test
    void aTrainerThatDoesNotFitNamesTheDevice() {
        assertDoesNotFit(() -> Trainer.open(
                TINY, TOO_LARGE, dense(TINY), Optional.empty(), Trainable.ALL, "cpu", 1, TrainingSettings.DEFAULT));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aBenchThatDoesNotFitNamesTheDevice(boolean pictures) {
        assertDoesNotFit(() -> BenchModel.load(
                TINY,
                TOO_LARGE,
                new BenchModel.Settings(
                        "cpu",
                        Dtype.FP32,
                        1,
                        TINY.imageTokenSide(),
                        1,
                        pictures,
                        RoutingSchedule.dense(),
                        Optional.empty(),
                        PromptShape.PSALM.withTokens(20),
                        1)));
    }

    private static void assertDoesNotFit(ThrowingCallable load) {
        assertThatThrownBy(load)
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith("the model does not fit into the memory of cpu; ")
                .hasMessageNotContaining("\n");
    }

    /** What is loaded before the weight that fails. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aNetworkThatFailsToLoadLeavesNothingOnTheDevice(boolean training) throws Exception {
        ModelConfig.Llm llm = TINY.llm();
        ModelConfig config = new ModelConfig(
                TINY.image(),
                TINY.swin(),
                TINY.visualTokens(),
                new ModelConfig.Llm(
                        llm.hidden(),
                        llm.ffn(),
                        llm.layers(),
                        llm.heads(),
                        llm.rotaryDim(),
                        VOCABULARY,
                        llm.layerNormEps(),
                        llm.ropeTheta(),
                        llm.maxPositions()),
                TINY.pixelDecoder(),
                TINY.maskDecoder(),
                TINY.specialTokens());
        TensorSource weights = broken(RandomWeights.of(config, 7), "predictor.decoder_norm.weight");
        try (TorchProgram program = training ? TorchProgram.loadForTraining("cpu") : TorchProgram.load("cpu")) {
            TorchProgram.enterThread(0);
            fail(program, config, weights, 3);
            long before = ResidentMemory.kilobytes();
            fail(program, config, weights, 12);
            // The loader's own buffers go with a collection, soon after it.
            long limit = before + 3 * VOCABULARY * llm.hidden() * 4 / 1024;
            for (int i = 0; i < 50 && ResidentMemory.kilobytes() > limit; i++) {
                Thread.sleep(100);
            }
            assertThat(ResidentMemory.kilobytes()).isLessThan(limit);
        }
    }

    /** In the first piece of a tensor and in its last, in what runs in the model's dtype and in what is always fp32. */
    @ParameterizedTest
    @CsvSource({
        "model.embed_tokens.weight, NaN, FLOAT32",
        "model.embed_tokens.weight, -Infinity, BFLOAT16",
        "predictor.decoder_norm.bias, Infinity, FLOAT16",
        "model.mm_projector.bias, 65520, FLOAT16",
        "model.layers.3.self_attn.query_key_value.weight, NaN, BFLOAT16"
    })
    void numbersThatAreNotFiniteAreRefused(String name, float bad, TorchType dtype) {
        TensorSource weights = spoilt(RandomWeights.of(TINY, 7), name, bad);
        try (TorchProgram program = TorchProgram.load("cpu")) {
            TorchProgram.enterThread(0);
            assertThatThrownBy(() ->
                            new PsalmNetwork(program, TINY, weights, dtype, dense(TINY), Optional.empty()).close())
                    .isInstanceOf(UnusableInputException.class)
                    .hasMessageContaining("tensor " + name + " (F32 [")
                    .hasMessageContaining("holds numbers that are not finite");
        }
    }

    /** The last number of a tensor. */
    private static TensorSource spoilt(TensorSource all, String spoilt, float bad) {
        return new DelegatingTensors(all) {
            @Override
            public void read(String name, long offset, ByteBuffer target) {
                int end = target.limit();
                super.read(name, offset, target);
                if (name.equals(spoilt) && offset + end == info(name).byteLength()) {
                    target.duplicate().order(ByteOrder.nativeOrder()).putFloat(end - Float.BYTES, bad);
                }
            }
        };
    }

    private static void fail(TorchProgram program, ModelConfig config, TensorSource weights, int times) {
        for (int i = 0; i < times; i++) {
            assertThatThrownBy(() -> new PsalmNetwork(
                            program, config, weights, TorchType.FLOAT32, dense(config), Optional.empty()))
                    .hasMessage("broken");
        }
    }

    private static RoutingPlan dense(ModelConfig config) {
        int side = config.imageTokenSide();
        return RoutingPlan.of(RoutingSchedule.dense(), config, side, side);
    }

    private static TensorSource broken(TensorSource all, String broken) {
        return new DelegatingTensors(all) {
            @Override
            public void read(String name, long offset, ByteBuffer target) {
                if (name.equals(broken)) {
                    throw new UnusableInputException("broken");
                }
                super.read(name, offset, target);
            }
        };
    }
}
