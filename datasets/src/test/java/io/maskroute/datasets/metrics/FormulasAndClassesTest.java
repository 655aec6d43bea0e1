package io.maskroute.datasets.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.datasets.metrics.ReferringFormulas.Evidence;
import io.maskroute.datasets.metrics.ReferringFormulas.Formula;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The six referring formulas and the two semantic rules, as partitions of a cluster fill them and send them. */
class FormulasAndClassesTest {
    static Stream<List<Integer>> seedsAndPartitions() {
        return IntStream.range(0, 4).boxed().flatMap(seed -> Stream.of(1, 3, 8).map(n -> List.of(seed, n)));
    }

    @ParameterizedTest
    @MethodSource("seedsAndPartitions")
    void formulasDoNotDependOnPartitions(List<Integer> seedAndPartitions) throws Exception {
        Random random = new Random(seedAndPartitions.get(0));
        List<Evidence> samples = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            boolean noTarget = random.nextInt(4) == 0;
            boolean answered = random.nextInt(5) > 0;
            boolean hasMask = answered && random.nextInt(5) > 0;
            long truth = noTarget ? 0 : random.nextInt(100);
            long answer = hasMask ? random.nextInt(100) : 0;
            long common = Math.min(truth, answer) / 2;
            samples.add(new Evidence(
                    common,
                    truth + answer - common,
                    truth,
                    answered,
                    hasMask,
                    noTarget,
                    answered && random.nextBoolean()));
        }
        ReferringFormulas inOrder = new ReferringFormulas();
        samples.forEach(inOrder::add);
        Collections.shuffle(samples, random);
        List<ReferringFormulas> parts = new ArrayList<>();
        for (int i = 0; i < seedAndPartitions.get(1); i++) {
            parts.add(new ReferringFormulas());
        }
        samples.forEach(sample -> parts.get(random.nextInt(parts.size())).add(sample));
        ReferringFormulas merged = new ReferringFormulas();
        for (ReferringFormulas part : parts) {
            merged.merge(sent(part));
        }
        for (Formula formula : Formula.values()) {
            assertThat(merged.of(formula)).isEqualTo(inOrder.of(formula));
            assertThat(merged.of(formula).scores("referring", "per-expression", "coco", true))
                    .isNotEmpty()
                    .allMatch(score -> score.formula().equals(formula.label())
                            && score.samples() == 500
                            && score.raster().equals("coco"));
        }
    }

    @ParameterizedTest
    @MethodSource("seedsAndPartitions")
    void classesDoNotDependOnPartitions(List<Integer> seedAndPartitions) throws Exception {
        Random random = new Random(seedAndPartitions.get(0));
        ConfusionMatrix whole = new ConfusionMatrix(7);
        List<ConfusionMatrix> parts = new ArrayList<>();
        for (int i = 0; i < seedAndPartitions.get(1); i++) {
            parts.add(new ConfusionMatrix(7));
        }
        for (int i = 0; i < 300; i++) {
            int truth = random.nextInt(6);
            int prediction = random.nextInt(7);
            long pixels = random.nextInt(1000);
            whole.add(truth, prediction, pixels);
            parts.get(random.nextInt(parts.size())).add(truth, prediction, pixels);
        }
        ConfusionMatrix merged = new ConfusionMatrix(7);
        for (ConfusionMatrix part : parts) {
            merged.merge(sent(part));
        }
        assertThat(merged.scores(true, 1)).isEqualTo(whole.scores(true, 1));
        assertThat(merged.detectron2().iou()).containsExactly(whole.detectron2().iou());
        assertThat(whole.detectron2().iou()[6]).isNaN();
        assertThat(whole.mmsegmentation().iou()[6]).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 2})
    void classesThatAreNoneAreRefused(int label) {
        ConfusionMatrix matrix = new ConfusionMatrix(2);
        assertThatThrownBy(() -> matrix.add(label, 0, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> matrix.add(0, label, 1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void differentClassesDoNotMerge() {
        assertThatThrownBy(() -> new ConfusionMatrix(2).merge(new ConfusionMatrix(3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 and 3");
    }

    @SuppressWarnings("unchecked")
    private static <T extends Serializable> T sent(T value) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(value);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (T) in.readObject();
        }
    }
}
