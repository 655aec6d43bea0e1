package io.maskroute.job.run;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Which pictures are in the models of this JVM. The driver is told as each call begins, so that it knows what an executor had in hand
 * when it was lost: {@link LostExecutors}.
 */
final class InHand {
    private static final InHand OF_THIS_JVM = new InHand();

    private final Map<Object, List<String>> byPredictor = new ConcurrentHashMap<>();
    private volatile Consumer<List<String>> driver = pictures -> {};

    /**
     * What an executor said last.
     *
     * @param pictures as {@link Suspects#hash} names them
     */
    record Report(String executor, List<String> pictures) implements Serializable {
        Report {
            pictures = List.copyOf(pictures);
        }
    }

    static InHand ofThisJvm() {
        return OF_THIS_JVM;
    }

    void tell(Consumer<List<String>> listener) {
        driver = listener;
    }

    /** A call begins. */
    void begin(Object predictor, List<String> pictures) {
        byPredictor.put(predictor, pictures);
        driver.accept(byPredictor.values().stream().flatMap(List::stream).toList());
    }

    /** It has ended. The driver hears of it with the next one: what it names for too long is run alone once, and that is all. */
    void end(Object predictor) {
        byPredictor.remove(predictor);
    }
}
