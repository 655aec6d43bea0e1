package io.maskroute.job.calibrate;

import io.maskroute.core.calibration.FittedProjector;
import io.maskroute.core.calibration.ProjectorSolver;
import io.maskroute.core.calibration.ProjectorUnit;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.function.FlatMapFunction;
import scala.Tuple2;

/**
 * One projector's sums of all tasks, in the order of their keys: added, and solved on the spot. The sums that belong to no
 * projector are only added.
 *
 * @param options per projector of the group
 */
record SumReduction(List<ProjectorUnit> units, List<ProjectorSolver.Options> options)
        implements FlatMapFunction<Iterator<Tuple2<SumKey, double[]>>, SumReduction.Result> {

    /** @param projector null for the sums that belong to none; {@code totals} is empty otherwise */
    record Result(FittedProjector projector, Map<String, double[]> totals) implements Serializable {}

    /** One partition for each projector, and the first for the totals. */
    static final class ByUnit extends Partitioner {
        private final int units;

        ByUnit(int units) {
            this.units = units;
        }

        @Override
        public int numPartitions() {
            return units + 1;
        }

        @Override
        public int getPartition(Object key) {
            return ((SumKey) key).unit() + 1;
        }
    }

    @Override
    public Iterator<Result> call(Iterator<Tuple2<SumKey, double[]>> sums) {
        Map<Integer, Map<String, double[]>> byUnit = new TreeMap<>();
        while (sums.hasNext()) {
            Tuple2<SumKey, double[]> next = sums.next();
            byUnit.computeIfAbsent(next._1().unit(), unit -> new TreeMap<>())
                    .merge(next._1().name(), next._2(), SumReduction::added);
        }
        List<Result> results = new ArrayList<>();
        byUnit.forEach((unit, named) -> results.add(
                unit == SumKey.TOTALS ? new Result(null, named) : new Result(solve(unit, named), Map.of())));
        return results.iterator();
    }

    private FittedProjector solve(int unit, Map<String, double[]> sums) {
        return new ProjectorSolver(CalibrationModels.solver(), options.get(unit))
                .solve(
                        units.get(unit),
                        below(sums, CalibrationPartition.TRAINING),
                        below(sums, CalibrationPartition.HELD_OUT));
    }

    private static Map<String, double[]> below(Map<String, double[]> sums, String prefix) {
        Map<String, double[]> below = new TreeMap<>();
        sums.forEach((name, values) -> {
            if (name.startsWith(prefix)) {
                below.put(name.substring(prefix.length()), values);
            }
        });
        return below;
    }

    private static double[] added(double[] sum, double[] more) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += more[i];
        }
        return sum;
    }
}
