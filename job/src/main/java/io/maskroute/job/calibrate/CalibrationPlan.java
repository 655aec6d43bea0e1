package io.maskroute.job.calibrate;

import io.maskroute.core.calibration.ProjectorSolver;
import io.maskroute.core.calibration.ProjectorUnit;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingSchedule.ImageTokens;
import io.maskroute.core.routing.RoutingSchedule.LayerOverride;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import io.maskroute.core.routing.RoutingSchedule.ProxyKind;
import io.maskroute.core.routing.RoutingScheduleWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which projectors are to be fitted.
 *
 * @param units in the order of layers, then strides
 * @param ranks holds the ranks of each layer's projector: the given schedule, or one that stands for all candidates
 * @param given the schedule to be written, if it is not to be chosen
 */
record CalibrationPlan(List<ProjectorUnit> units, RoutingSchedule ranks, Optional<RoutingSchedule> given) {
    /** Of the LLM's width: 128 at PSALM's. */
    private static final int WIDTH_PER_RANK = 16;

    /** @throws UnusableInputException when the schedule or the ranks do not fit the model, or the projector is no linear one */
    static CalibrationPlan of(CalibrationOptions options, ModelConfig model) {
        int side = model.imageTokenSide();
        if (side == 1) {
            throw new UnusableInputException("the model has a single image token: there is nothing to route");
        }
        options.schedule().flatMap(RoutingSchedule::dropping).ifPresent(dropping -> {
            throw new UnusableInputException(
                    "the schedule drops image tokens, which takes no projectors: there is nothing to"
                            + " calibrate; evaluate with it as it is");
        });
        RoutingSchedule ranks = options.schedule()
                .map(schedule -> withDeltaRank(schedule, options.deltaRank()))
                .orElseGet(() -> candidates(options, model.llm()));
        // Says what does not fit.
        RoutingPlan.of(ranks, model, side, side);
        List<ProjectorUnit> units = new ArrayList<>();
        for (int layer = 0; layer < model.llm().layers(); layer++) {
            if (options.schedule().isPresent()) {
                if (ranks.projects(layer)) {
                    requireLinear(ranks.projector(layer), layer);
                    units.add(new ProjectorUnit(layer, ranks.proxies(layer).stride()));
                }
            } else if (layer < model.llm().layers() - 1) {
                // In the last layer nothing reads what the image tokens become, so routing it saves nothing.
                for (int stride : options.strides()) {
                    units.add(new ProjectorUnit(layer, stride));
                }
            }
        }
        return new CalibrationPlan(
                List.copyOf(units), ranks, options.schedule().isPresent() ? Optional.of(ranks) : Optional.empty());
    }

    private static RoutingSchedule candidates(CalibrationOptions options, ModelConfig.Llm llm) {
        int usual = Math.max(1, llm.hidden() / WIDTH_PER_RANK);
        return new RoutingSchedule(
                0,
                new ImageTokens(
                        new Proxies(ProxyKind.GRID, options.strides().get(0)),
                        LayerSelection.ALL,
                        new Projector(
                                ProjectorKind.LINEAR,
                                options.rank().orElse(usual),
                                options.deltaRank().orElse(usual))),
                List.of());
    }

    private static RoutingSchedule withDeltaRank(RoutingSchedule schedule, OptionalInt deltaRank) {
        if (deltaRank.isEmpty()) {
            return schedule;
        }
        ImageTokens image = schedule.imageTokens();
        return new RoutingSchedule(
                schedule.maskTokenLayer(),
                new ImageTokens(
                        image.proxies(), image.layers(), withDeltaRank(image.projector(), deltaRank.getAsInt())),
                schedule.perLayer().stream()
                        .map(layer -> new LayerOverride(
                                layer.routed(),
                                layer.proxies(),
                                layer.projector() == null
                                        ? null
                                        : withDeltaRank(layer.projector(), deltaRank.getAsInt())))
                        .toList());
    }

    private static Projector withDeltaRank(Projector projector, int deltaRank) {
        return new Projector(projector.kind(), projector.rank(), deltaRank);
    }

    private static void requireLinear(Projector projector, int layer) {
        if (projector.kind() != ProjectorKind.LINEAR) {
            throw new UnusableInputException("the schedule asks for an mlp projector in layer " + layer
                    + ", but only linear ones have a closed form; write \"kind\": \"linear\"");
        }
    }

    /** In words that change when any rank does. */
    String projectors() {
        return given.map(schedule -> "of the schedule " + RoutingScheduleWriter.canonical(schedule))
                .orElseGet(() -> "linear, rank " + ranks.projector(0).rank() + ", delta_rank "
                        + ranks.projector(0).deltaRank());
    }

    ProjectorSolver.Options solver(ProjectorUnit unit, double ridge) {
        Projector projector = ranks.projector(unit.layer());
        return new ProjectorSolver.Options(projector.rank(), projector.deltaRank(), ridge);
    }
}
