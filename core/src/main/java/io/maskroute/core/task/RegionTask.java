package io.maskroute.core.task;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.ImageGeometry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The objects under regions of the picture: for each the best mask.
 *
 * @param regions at least one
 * @param seed of the choice of a region's points: the same for the same prompt, whatever runs beside it
 */
public record RegionTask(List<Drawn> regions, long seed) implements Task {
    public RegionTask {
        regions = List.copyOf(regions);
    }

    @Override
    public String label() {
        return "region";
    }

    @Override
    public List<Condition> conditions() throws RowFailure {
        if (regions.isEmpty()) {
            throw Drawn.bad("the prompt has no regions");
        }
        return Collections.nCopies(regions.size(), Condition.REGION);
    }

    @Override
    public Head head() {
        return Head.REGION;
    }

    @Override
    public List<float[]> regions(ImageGeometry picture) throws RowFailure {
        SplittableRandom random = new SplittableRandom(seed);
        List<float[]> points = new ArrayList<>();
        for (Drawn region : regions) {
            points.add(RegionPoints.of(region, picture, random));
        }
        return points;
    }

    @Override
    public List<ScoredMask> masks(Decoded decoded, AnswerRule rule) throws RowFailure {
        List<ScoredMask> best = new ArrayList<>();
        for (int region = 0; region < regions.size(); region++) {
            ScoredMask found = decoded.best(region);
            best.add(new ScoredMask(found.mask(), found.score(), null, region));
        }
        return rule.answer(best);
    }

    @Override
    public void trace(Decoded decoded, IValue taps) {
        decoded.trace("trace_regions", taps);
    }
}
