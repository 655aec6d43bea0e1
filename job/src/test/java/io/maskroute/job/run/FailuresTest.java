package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FailuresTest {
    @ParameterizedTest
    @EnumSource(
            value = Stage.class,
            names = {"READ", "DECODE", "PREPROCESS", "POSTPROCESS", "TRUTH"})
    void aHeapThatDoesNotSufficeForAPictureIsTheRowsFailure(Stage stage) {
        RowFailure failure = Failures.ofPicture(stage, new OutOfMemoryError("Java heap space"));

        assertThat(failure.stage()).isEqualTo(stage);
        assertThat(failure.kind()).isEqualTo("out-of-memory");
        assertThat(failure).hasMessageContaining("MiB does not suffice for the picture");
    }

    @Test
    void otherThrowablesOfAPictureAreTakenAsElsewhere() {
        RowFailure own = new RowFailure(Stage.DECODE, "kind", "message");
        assertThat(Failures.ofPicture(Stage.READ, own)).isSameAs(own);
        assertThat(Failures.ofPicture(Stage.READ, new StackOverflowError()).kind())
                .isEqualTo("StackOverflowError");
        Error missing = new NoClassDefFoundError("org/file/System");
        assertThatThrownBy(() -> Failures.ofPicture(Stage.READ, missing)).isSameAs(missing);
    }

    @Test
    void aHeapThatDoesNotSufficeForTheModelEndsTheTask() {
        Error memory = new OutOfMemoryError("Java heap space");
        assertThatThrownBy(() -> Failures.of(Stage.PROMPT, memory)).isSameAs(memory);
    }
}
