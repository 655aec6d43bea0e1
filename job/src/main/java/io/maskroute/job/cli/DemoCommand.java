package io.maskroute.job.cli;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.report.ComparedAnswers;
import io.maskroute.job.results.RunComparison;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.RunSummary;
import io.maskroute.job.run.SegmentRun;
import io.maskroute.job.run.SparkSessions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description = "Shows routing: the bundled model over the bundled sample, dense and routed, and both compared.",
        footer = {"", "Example:", "  demo --output out/demo"})
final class DemoCommand implements Callable<Integer> {
    private static final String DENSE = "dense";
    private static final String ROUTED = "routed";
    /** Loses nothing that the prompts of docs/quality.md show. */
    private static final String ADAPTER = "routing/56";
    /** Parts of the work on a prompt, in the order in which it passes them, and what people call them. */
    private static final Map<String, String> STAGES = stages();

    private final Cli.Environment environment;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            defaultValue = "out/demo",
            description = "Folder for both runs and the comparison; default: ${DEFAULT-VALUE}.")
    private String output;

    @Mixin
    private ConfigArguments configuration;

    DemoCommand(Cli.Environment environment) {
        this.environment = environment;
    }

    private static Map<String, String> stages() {
        Map<String, String> stages = new LinkedHashMap<>();
        stages.put("vision", "vision");
        stages.put("prefix", "LLM, shared by a picture");
        stages.put("prompt", "LLM, prompt alone");
        stages.put("decoder", "mask decoder");
        stages.put(RunSummary.WORK, "all");
        return stages;
    }

    private record Pair(RunSummary dense, RunSummary routed, ComparedAnswers.Change change) {}

    @Override
    public Integer call() {
        Path model = environment.home().resolve("models/shapes");
        if (!Files.isDirectory(model)) {
            throw new UnusableInputException("the bundled model is not at " + model
                    + ": run demo from an unpacked maskroute, with submit/local.sh or submit/maskroute");
        }
        JobConfig dense = config(DENSE, DENSE, model);
        JobConfig routed = config(ROUTED, model.resolve(ADAPTER).toString(), model);
        Pair pair = SparkSessions.with(dense, spark -> run(spark, dense, routed));
        table(pair).forEach(environment.out()::println);
        environment.out().println();
        environment
                .out()
                .println(
                        "The sample is generated shapes, which is what this model knows; of photographs its masks mean nothing.");
        environment.out().printf("%-26s%s%n", "the pictures, compared", RunFolder.file(output, RunComparison.PAGE));
        environment.out().printf("%-26s%s%n", "your own pictures", "./submit/local.sh help segment");
        return Cli.DONE;
    }

    private JobConfig config(String name, String routing, Path model) {
        Map<String, Object> options = new HashMap<>();
        options.put("model.path", model);
        options.put("model.routing", routing);
        options.put("dataset.path", environment.home().resolve("examples/shapesref-sample"));
        options.put("output.path", folder(name));
        options.put("output.fresh", true);
        return configuration.load(environment.home(), options);
    }

    private String folder(String name) {
        return RunFolder.file(output, name);
    }

    private Pair run(SparkSession spark, JobConfig dense, JobConfig routed) {
        say("1 of 2: dense");
        RunSummary first = evaluate(dense);
        say("2 of 2: routed");
        RunSummary second = evaluate(routed);
        RunComparison comparison = RunComparison.of(
                List.of(DENSE + "=" + folder(DENSE), ROUTED + "=" + folder(ROUTED)), SparkSessions.hadoop(dense));
        ComparedAnswers answers = comparison.answers(spark, Optional.empty(), dense);
        comparison.write(output, answers, SparkSessions.hadoop(dense));
        return new Pair(first, second, answers.changes().get(0));
    }

    private RunSummary evaluate(JobConfig config) {
        return new SegmentRun("evaluate", config, environment.segmenters(), true, environment.err()).run();
    }

    private void say(String line) {
        environment.err().println("maskroute: " + line);
        environment.err().flush();
    }

    private static List<String> table(Pair pair) {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add(row("", DENSE, ROUTED));
        lines.add(row(
                "prompts",
                pair,
                summary -> String.format(Locale.ROOT, "%,d of %,d ok", summary.ok(), summary.prompts())));
        lines.add(row(
                "very same masks",
                "",
                String.format(
                        Locale.ROOT,
                        "%,d of %,d",
                        pair.change().equal(),
                        pair.routed().prompts())));
        lines.add(row(
                "prompts gained, lost",
                "",
                String.format(
                        Locale.ROOT,
                        "+%,d -%,d",
                        pair.change().gained(),
                        pair.change().lost())));
        lines.add(row("cIoU", pair, summary -> percent(summary.metrics().cIoU())));
        lines.add(row(
                "LLM FLOPs, prompt alone",
                pair,
                summary -> percent(summary.flops().llmAloneRatio())));
        lines.add(row(
                "LLM FLOPs, shared", pair, summary -> percent(summary.flops().llmRatio())));
        lines.add("ms a prompt");
        STAGES.forEach((stage, label) -> lines.add(row(
                "  " + label,
                pair,
                summary -> String.format(
                        Locale.ROOT, "%.1f", summary.latencyMs().get(stage).mean()))));
        return lines;
    }

    private static String row(String label, Pair pair, Function<RunSummary, String> value) {
        return row(label, value.apply(pair.dense()), value.apply(pair.routed()));
    }

    private static String row(String label, String dense, String routed) {
        return String.format(Locale.ROOT, "%-28s%14s%14s", label, dense, routed);
    }

    private static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * fraction);
    }
}
