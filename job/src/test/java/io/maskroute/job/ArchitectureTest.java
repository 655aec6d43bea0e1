package io.maskroute.job;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.maskroute.job.cli.Main;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.maskroute");

    @Test
    void onePlaceEndsTheJvm() {
        noClasses()
                .that()
                .doNotBelongToAnyOf(Main.class)
                .should()
                .callMethod(System.class, "exit", int.class)
                .orShould()
                .callMethod(Runtime.class, "exit", int.class)
                .orShould()
                .callMethod(Runtime.class, "halt", int.class)
                .check(CLASSES);
    }

    @Test
    void packagesOfTheJobDependOneWay() {
        slices().matching("io.maskroute.job.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    /** What its package-info says. */
    @Test
    void exportsRunNoModel() {
        noClasses()
                .that()
                .resideInAPackage("io.maskroute.job.export")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "ai.djl..",
                        "io.maskroute.core.model..",
                        "io.maskroute.core.segmenter..",
                        "io.maskroute.core.torchscript..",
                        "io.maskroute.datasets.metrics..",
                        "io.maskroute.datasets.score..",
                        "io.maskroute.datasets.writer..",
                        "io.maskroute.job.cli..",
                        "io.maskroute.job.config..",
                        "io.maskroute.job.report..",
                        "io.maskroute.job.run..")
                .check(CLASSES);
    }
}
