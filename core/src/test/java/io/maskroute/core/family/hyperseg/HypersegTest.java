package io.maskroute.core.family.hyperseg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.checkpoint.Parameter;
import io.maskroute.core.checkpoint.StateDict;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.family.Prompts;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.task.Head;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.core.testing.Fixtures;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HyperSeg's names and sizes against the original's state dict, its prompts against the original data sets'. */
class HypersegTest {
    private static final ModelConfig PUBLISHED = Hyperseg.published();
    private static final Prompts PROMPTS = new Hyperseg().prompts();

    @Test
    void everyKeyAndShapeIsTheOriginals() throws Exception {
        List<String> lines = Files.readAllLines(Fixtures.path("hyperseg/state_dict.tsv"));
        List<String> original = lines.subList(1, lines.size()).stream()
                .map(line -> line.split("\t"))
                .map(cells -> cells[0] + " " + cells[1])
                .toList();
        List<String> expected = StateDict.expected(PUBLISHED).stream()
                .map(parameter -> parameter.key() + " " + shape(parameter))
                .toList();
        assertThat(expected).hasSize(1636).containsExactlyElementsOf(original);
    }

    private static String shape(Parameter parameter) {
        return String.join(
                "x",
                Arrays.stream(parameter.info().shape()).mapToObj(Long::toString).toList());
    }

    /** What referring does not use, the model does not need; classes have weights of their own. */
    @Test
    void nothingIsRequiredThatNothingReads() throws Exception {
        List<String> unused = Files.readAllLines(Fixtures.path("hyperseg/state_dict.tsv")).stream()
                .map(line -> line.split("\t"))
                .filter(cells -> cells[4].equals("unused"))
                .map(cells -> cells[0])
                .filter(key -> !key.contains("class_name_projector") && !key.contains("CLASS_proj"))
                .toList();
        assertThat(StateDict.expected(PUBLISHED).stream()
                        .filter(Parameter::required)
                        .map(Parameter::key))
                .doesNotContainAnyElementsOf(unused);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "referring: one sentence",
                "referring: three sentences merged",
                "referring: double space, capital, punctuation",
                "referring: unicode"
            })
    void theTextIsTheOriginals(String name) throws Exception {
        JsonNode golden = new ObjectMapper()
                .readTree(Fixtures.path("hyperseg/tokenization.json").toFile())
                .get("cases")
                .get(name);
        assertThat(PROMPTS.whole(Head.SEG, 1)
                        .replace(Prompts.LATENTS, "<temporal>")
                        .replace(Prompts.CONDITION, "<refer>")
                        .replace(Prompts.ANSWER, "<gt>"))
                .isEqualTo(golden.get("prompt_text").textValue());
    }

    @Test
    void anExpressionBeginsWithoutASpace() throws Exception {
        String words = new ReferringTask(List.of("a  b\u00a0", "c"))
                .conditions()
                .get(0)
                .words();
        assertThat(PROMPTS.words(Head.SEG, words)).isEqualTo("a  b\u00a0. c.");
        assertThat(PROMPTS.words(Head.SEG, "\u2003\t x \u0085")).isEqualTo("x");
        assertThat(PROMPTS.words(Head.CLASS, " x")).isEqualTo(" x");
    }

    @Test
    void regionsAreRefused() {
        assertThatThrownBy(() -> PROMPTS.whole(Head.REGION, 1))
                .isInstanceOfSatisfying(
                        RowFailure.class, e -> assertThat(e.kind()).isEqualTo("unsupported-task"));
    }

    /** Multiply-adds that the original's operations were counted to have: SigLIP 320.9 G, projector 6.9 G, perceiver 19.3 G. */
    @Test
    void theTowersCostWhatTheOriginalsDo() {
        assertThat(new Hyperseg().flops(PUBLISHED) / 2e9).isCloseTo(320.9 + 6.9 + 19.3, within(1.0));
    }

    /** The published costs, with stride 3 and mask tokens from the middle on: within the share that routing is to have. */
    @Test
    void strideThreeAndLateMaskTokensCostLittleMoreThanHalf() {
        RoutingSchedule schedule = new RoutingSchedule(
                16,
                new RoutingSchedule.ImageTokens(
                        new RoutingSchedule.Proxies(RoutingSchedule.ProxyKind.GRID, 3),
                        RoutingSchedule.LayerSelection.ALL,
                        new RoutingSchedule.Projector(RoutingSchedule.ProjectorKind.LINEAR, 64)),
                List.of());
        RoutingPlan plan = RoutingPlan.of(schedule, PUBLISHED, 27, 27);
        PreparedPrompt prompt = PreparedPrompt.referring(new int[36], new int[145], new int[6], new int[15]);
        double share = FlopsModel.asRun(PUBLISHED, plan, true)
                .image(List.of(prompt))
                .perPrompt()
                .get(0)
                .llmRatio();
        assertThat(share).isBetween(0.5, 0.56);
    }
}
