package io.maskroute.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.model.TinyModel;
import io.maskroute.core.safetensors.TensorSource;
import org.junit.jupiter.api.Test;

class RandomWeightsTest {
    private static final ModelConfig PLAIN = TinyModel.config(new VisionProjector(VisionProjector.Kind.MLP, 4, 0));

    @Test
    void trainingBeginsWithTheSameNumbersButForWhatItsStartSays() {
        TensorSource any = RandomWeights.of(PLAIN, 3);
        TensorSource start = RandomWeights.forTraining(PLAIN, 3);
        assertThat(start.names()).isEqualTo(any.names());
        for (String name : any.names()) {
            float[] before = any.floats(name);
            float[] after = start.floats(name);
            if (name.endsWith(".self_attn.query_key_value.bias")) {
                continue;
            }
            float scale = name.endsWith(".attn.proj.weight") || name.endsWith(".mlp.fc2.weight")
                    ? 0.2f
                    : name.equals("seg_query") ? 0.3f : 1;
            for (int i = 0; i < before.length; i++) {
                assertThat(after[i]).as(name).isCloseTo(scale * before[i], within(1e-5f));
            }
        }
    }

    /** The logit of two tokens with the same content, which the bias alone decides, by the distance of their positions. */
    @Test
    void halfOfTheHeadsBeginByLookingAtWhatIsNear() {
        ModelConfig.Llm llm = PLAIN.llm();
        float[] bias = RandomWeights.forTraining(PLAIN, 3).floats("model.layers.1.self_attn.query_key_value.bias");
        for (int head = 0; head < llm.heads(); head++) {
            double here = logit(llm, bias, head, 0);
            double near = logit(llm, bias, head, 12);
            double far = logit(llm, bias, head, 150);
            if (head < llm.heads() / 2) {
                assertThat(here).isCloseTo(11, within(0.1));
                assertThat(near).isGreaterThan(far + 1);
            } else {
                assertThat(here).isZero();
            }
        }
    }

    private static double logit(ModelConfig.Llm llm, float[] bias, int head, int distance) {
        int query = 3 * head * llm.headDim();
        int key = query + llm.headDim();
        int half = llm.rotaryDim() / 2;
        double sum = 0;
        for (int i = 0; i < half; i++) {
            double angle = distance * Math.pow(llm.ropeTheta(), -2.0 * i / llm.rotaryDim());
            double turnedLeft = bias[query + i] * Math.cos(angle) - bias[query + half + i] * Math.sin(angle);
            double turnedRight = bias[query + half + i] * Math.cos(angle) + bias[query + i] * Math.sin(angle);
            sum += turnedLeft * bias[key + i] + turnedRight * bias[key + half + i];
        }
        return sum / Math.sqrt(llm.headDim());
    }
}
