package io.maskroute.core;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What the packages' documentation says about their dependencies. Methods, since Surefire does not run rules in fields. */
@AnalyzeClasses(packages = "io.maskroute.core", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String JSON = "com.fasterxml.jackson..";
    private static final String ERROR = "io.maskroute.core.error";
    private static final String FAMILIES = "io.maskroute.core.family..";

    @ArchTest
    static void coreKnowsNoSpark(JavaClasses classes) {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.apache.spark..",
                        "org.apache.hadoop..",
                        "scala..",
                        "io.maskroute.datasets..",
                        "io.maskroute.job..")
                .check(classes);
    }

    @ArchTest
    static void tensorsStayInTheModel(JavaClasses classes) {
        noClasses()
                .that()
                .resideOutsideOfPackages(
                        "io.maskroute.core.torchscript..",
                        "io.maskroute.core.task..",
                        "io.maskroute.core.family..",
                        "io.maskroute.core.model..",
                        "io.maskroute.core.calibration..",
                        "io.maskroute.core.trace..",
                        "io.maskroute.core.training..",
                        "io.maskroute.core.bench..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ai.djl.pytorch..", "ai.djl.ndarray..", "ai.djl.nn..")
                .check(classes);
    }

    @ArchTest
    static void errorsDependOnNothing(JavaClasses classes) {
        packageDependsOnlyOn(ERROR).check(classes);
    }

    @ArchTest
    static void filesDependOnErrorsAndTheNameOfTheNativeLibrariesFolder(JavaClasses classes) {
        packageDependsOnlyOn("io.maskroute.core.files", ERROR, "ai.djl.util").check(classes);
    }

    @ArchTest
    static void masksDependOnNothing(JavaClasses classes) {
        packageDependsOnlyOn("io.maskroute.core.mask").check(classes);
    }

    @ArchTest
    static void configDependsOnJsonAndErrors(JavaClasses classes) {
        packageDependsOnlyOn("io.maskroute.core.config", JSON, ERROR).check(classes);
    }

    @ArchTest
    static void safetensorsDependOnJsonAndErrors(JavaClasses classes) {
        packageDependsOnlyOn("io.maskroute.core.safetensors", JSON, ERROR).check(classes);
    }

    @ArchTest
    static void picklesDependOnErrors(JavaClasses classes) {
        packageDependsOnlyOn("io.maskroute.core.pickle", ERROR).check(classes);
    }

    @ArchTest
    static void checkpointsBuildNoTensors(JavaClasses classes) {
        packageDependsOnlyOn(
                        "io.maskroute.core.checkpoint",
                        "io.maskroute.core.config",
                        "io.maskroute.core.family",
                        "io.maskroute.core.safetensors",
                        "io.maskroute.core.pickle",
                        "org.apache.commons.compress..",
                        JSON,
                        ERROR)
                .check(classes);
    }

    @ArchTest
    static void tasksKnowNoModel(JavaClasses classes) {
        packageDependsOnlyOn(
                        "io.maskroute.core.task",
                        "io.maskroute.core.image",
                        "io.maskroute.core.mask",
                        "io.maskroute.core.torchscript",
                        "ai.djl.pytorch.jni",
                        ERROR)
                .check(classes);
    }

    /** But for families, which stand on building blocks of the packages that call them. */
    @ArchTest
    static void packagesHaveNoCycles(JavaClasses classes) {
        slices().matching("io.maskroute.core.(*)..")
                .should()
                .beFreeOfCycles()
                .ignoreDependency(resideInAPackage(FAMILIES), alwaysTrue())
                .check(classes);
    }

    /** A family is called through its interface: whoever else named one would have to change for the next. */
    @ArchTest
    static void nobodyNamesAFamily(JavaClasses classes) {
        noClasses()
                .that()
                .resideOutsideOfPackage(FAMILIES)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.maskroute.core.family.psalm..", "io.maskroute.core.family.hyperseg..")
                .check(classes);
    }

    private static ArchRule packageDependsOnlyOn(String name, String... others) {
        return classes()
                .that()
                .resideInAPackage(name)
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(others).or(resideInAnyPackage("java..", name)));
    }
}
