package io.maskroute.core.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.core.text.PromptTokenizer;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptShapeTest {
    private static final int IMAGE = -200;
    private static final int REFER = -204;
    private static final int MASKS = -201;

    /** Token ids that PSALM's own code gives, placeholders below zero. */
    @Test
    void theDefaultIsPsalmsReferringPrompt() throws Exception {
        List<JsonNode> referring = new ArrayList<>();
        try (InputStream json = getClass().getResourceAsStream("/fixtures/tokenization.json")) {
            new ObjectMapper().readTree(json).get("cases").forEach(golden -> {
                if (golden.has("token_refer_id")) {
                    referring.add(golden);
                }
            });
        }
        PromptShape psalm = PromptShape.PSALM;

        assertThat(referring).hasSize(3).allSatisfy(golden -> {
            List<Integer> ids = new ArrayList<>();
            golden.get("input_ids").forEach(id -> ids.add(id.intValue()));
            assertThat(psalm.prefix()).isEqualTo(ids.indexOf(IMAGE));
            assertThat(psalm.task()).isEqualTo(ids.indexOf(REFER) - ids.indexOf(IMAGE) - 1);
            assertThat(psalm.suffix()).isEqualTo(ids.indexOf(MASKS) - ids.indexOf(REFER) - 1);
        });
        assertThat(referring.stream()
                        .mapToInt(golden -> golden.get("token_refer_id").size())
                        .summaryStatistics())
                .satisfies(conditions -> assertThat(psalm.condition())
                        .isEqualTo((int) Math.ceil((conditions.getMin() + conditions.getMax()) / 2.0)));
        assertThat(psalm.tokens()).isEqualTo(96);
    }

    @ParameterizedTest
    @CsvSource({
        // The rest is the prompt's own.
        "96, 56, 15, 12, 13",
        "101, 56, 15, 17, 13",
        "400, 56, 15, 316, 13",
        "85, 56, 15, 1, 13",
        "76, 56, 15, 1, 4",
        "73, 56, 15, 1, 1",
        // No room for any.
        "72, 43, 11, 5, 13",
        "60, 36, 9, 2, 13",
        "48, 29, 7, 1, 11",
        "5, 2, 1, 1, 1",
        "4, 1, 1, 1, 1"
    })
    void otherTotalsKeepWhatComesBeforeWhereThereIsRoom(int tokens, int prefix, int task, int condition, int suffix) {
        PromptShape shape = PromptShape.PSALM.withTokens(tokens);

        assertThat(shape).isEqualTo(new PromptShape(prefix, task, condition, suffix));
        assertThat(shape.tokens()).isEqualTo(tokens);
    }

    @Test
    void fewerThanFourAreNoPrompt() {
        assertThatThrownBy(() -> PromptShape.PSALM.withTokens(3)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aModelsOwnTokenizerGivesTheFixedTexts() throws Exception {
        ModelFolder folder = ModelFolder.open(Path.of("..", "models", "tiny"));
        ModelConfig config = folder.config();
        try (PromptTokenizer tokenizer = PromptTokenizer.open(folder.tokenizer(), config, 256)) {
            PreparedPrompt prompt = tokenizer.prepare(new ReferringTask(List.of("the red cup")));
            PromptShape shape = PromptShape.of(tokenizer);

            assertThat(shape.prefix()).isEqualTo(prompt.prefix().length);
            assertThat(shape.task()).isEqualTo(prompt.sharable());
            assertThat(shape.suffix())
                    .isEqualTo(prompt.text().length - prompt.conditions().get(0).end());
            assertThat(shape.condition()).isEqualTo(PromptShape.PSALM.condition());
        }
    }

    @Test
    void promptsOfAPictureShareAllButTheirConditions() {
        PreparedPrompt one = PromptShape.PSALM.prompt(Psalm.published(), 1);
        PreparedPrompt two = PromptShape.PSALM.prompt(Psalm.published(), 2);

        assertThat(one.prefix()).isEqualTo(two.prefix()).hasSize(56);
        assertThat(Arrays.copyOf(one.text(), 15)).isEqualTo(Arrays.copyOf(two.text(), 15));
        assertThat(Arrays.copyOfRange(one.text(), 27, 40)).isEqualTo(Arrays.copyOfRange(two.text(), 27, 40));
        assertThat(Arrays.copyOfRange(one.text(), 15, 27)).isNotEqualTo(Arrays.copyOfRange(two.text(), 15, 27));
        assertThat(one.conditions()).isEqualTo(two.conditions()).containsExactly(new PreparedPrompt.Span(15, 27));
    }
}
