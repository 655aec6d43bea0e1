package io.maskroute.job.calibrate;

import io.maskroute.core.calibration.FittedProjector.Errors;
import io.maskroute.core.calibration.ProjectorUnit;
import io.maskroute.core.calibration.PromptSums;
import io.maskroute.core.calibration.ScheduleCosts;
import io.maskroute.core.calibration.ScheduleSearch;
import io.maskroute.core.calibration.ScheduleSearch.Choice;
import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.text.PromptTokenizer;
import io.maskroute.core.text.PromptTokenizer.SharedText;
import io.maskroute.job.calibrate.WorkFolder.Totals;
import io.maskroute.job.results.CalibrationResult;
import io.maskroute.job.results.CalibrationResult.Candidate;
import io.maskroute.job.results.CalibrationResult.Fit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;

/** What follows from the finished passes: the schedule and the figures. */
final class CalibrationOutcome {
    private final ModelConfig model;
    private final CalibrationPlan plan;
    private final Totals totals;
    private final Map<ProjectorUnit, Errors> errors = new TreeMap<>();
    private final PromptSums prompts;
    private final ScheduleCosts costs;
    private RoutingSchedule schedule;
    private CalibrationResult.Search search;

    CalibrationOutcome(
            ModelFolder folder, CalibrationPlan plan, Totals totals, Function<ProjectorUnit, Errors> errors) {
        this.model = folder.config();
        this.plan = plan;
        this.totals = totals;
        plan.units().forEach(unit -> this.errors.put(unit, errors.apply(unit)));
        int layers = model.llm().layers();
        double[] sums = totals.sums().get(CalibrationPartition.PROMPTS);
        prompts = sums == null ? new PromptSums(layers) : new PromptSums(layers, sums);
        int side = model.imageTokenSide();
        SharedText shared;
        try (PromptTokenizer tokenizer = PromptTokenizer.open(folder.tokenizer(), model, side * side)) {
            shared = tokenizer.sharedText();
        }
        costs = new ScheduleCosts(model, plan.ranks().projector(0), shared.prefix(), shared.task(), (int)
                Math.round(prompts.meanOwnText()));
    }

    /** The given schedule, or the best under the budget. */
    RoutingSchedule schedule(double budget) {
        schedule = plan.given().orElseGet(() -> choose(budget));
        return schedule;
    }

    private RoutingSchedule choose(double budget) {
        if (prompts.prompts() == 0) {
            throw new UnusableInputException(
                    "the dataset gives no referring prompt that can be run, so what a schedule costs"
                            + " and which layers mask tokens need is not known; give one with prompts, or --schedule FILE");
        }
        int layers = model.llm().layers();
        List<Map<Integer, Double>> image = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            image.add(new TreeMap<>());
        }
        errors.forEach((unit, error) -> image.get(unit.layer()).put(unit.stride(), error.damage()));
        ScheduleSearch best = new ScheduleSearch(
                costs,
                image,
                IntStream.range(0, layers).mapToDouble(prompts::damage).toArray());
        Choice choice = best.choose(budget);
        search = new CalibrationResult.Search(
                budget,
                best.floor(),
                candidate(choice),
                best.uniform(budget).map(CalibrationOutcome::candidate).orElse(null),
                best.trace(budget).stream().map(CalibrationOutcome::candidate).toList());
        return choice.schedule();
    }

    private static Candidate candidate(Choice choice) {
        return new Candidate(
                choice.maskTokenLayer(),
                choice.strides(),
                choice.flopsRatio(),
                choice.imageDamage(),
                choice.maskDamage());
    }

    /** After {@link #schedule}. */
    CalibrationResult result(
            CalibrationResult.Model described, String dataset, CalibrationResult.Projectors projectors, int passes) {
        boolean known = prompts.prompts() > 0;
        List<CalibrationResult.Layer> layers = new ArrayList<>();
        List<Integer> strides = new ArrayList<>();
        for (int layer = 0; layer < model.llm().layers(); layer++) {
            strides.add(schedule.projects(layer) ? schedule.proxies(layer).stride() : ScheduleCosts.DENSE);
            layers.add(new CalibrationResult.Layer(
                    layer, known ? prompts.attention(layer) : null, known ? prompts.damage(layer) : null, fits(layer)));
        }
        return new CalibrationResult(
                CalibrationResult.FORMAT,
                described,
                new CalibrationResult.Dataset(
                        dataset,
                        count(CalibrationPartition.PICTURES + CalibrationPartition.TRAINING),
                        count(CalibrationPartition.PICTURES + CalibrationPartition.HELD_OUT),
                        below(CalibrationPartition.SKIPPED_PICTURES),
                        prompts.prompts(),
                        below(CalibrationPartition.SKIPPED_PROMPTS),
                        prompts.meanOwnText()),
                projectors,
                passes,
                layers,
                new CalibrationResult.Schedule(
                        schedule.maskTokenLayer(), strides, known ? (double) costs.of(schedule) / costs.dense() : null),
                search);
    }

    private List<Fit> fits(int layer) {
        List<Fit> fits = new ArrayList<>();
        errors.forEach((unit, e) -> {
            if (unit.layer() == layer) {
                fits.add(new Fit(
                        unit.stride(),
                        e.untrained(),
                        e.projector(),
                        e.fitted(),
                        e.fittedOnTraining(),
                        e.damage(),
                        e.followers(),
                        e.heldOutFollowers()));
            }
        });
        return fits;
    }

    private long count(String name) {
        return Optional.ofNullable(totals.sums().get(name))
                .map(sum -> (long) sum[0])
                .orElse(0L);
    }

    private Map<String, Long> below(String prefix) {
        Map<String, Long> counts = new TreeMap<>();
        totals.sums().forEach((name, sum) -> {
            if (name.startsWith(prefix)) {
                counts.put(name.substring(prefix.length()), (long) sum[0]);
            }
        });
        return counts;
    }
}
