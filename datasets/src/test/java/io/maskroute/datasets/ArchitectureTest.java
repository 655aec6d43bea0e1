package io.maskroute.datasets;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import io.maskroute.datasets.schema.HadoopFiles;

/** What the packages' documentation says about their dependencies. Methods, since Surefire does not run rules in fields. */
@AnalyzeClasses(packages = "io.maskroute.datasets", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static void datasetsKnowNoModel(JavaClasses classes) {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "ai.djl..",
                        "io.maskroute.core.model..",
                        "io.maskroute.core.torchscript..",
                        "io.maskroute.job..")
                .check(classes);
    }

    @ArchTest
    static void masksDependOnCoreMasksAlone(JavaClasses classes) {
        classes()
                .that()
                .resideInAPackage("io.maskroute.datasets.mask")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("java..", "io.maskroute.core.mask", "io.maskroute.datasets.mask")
                .check(classes);
    }

    @ArchTest
    static void metricsDependOnNothing(JavaClasses classes) {
        classes()
                .that()
                .resideInAPackage("io.maskroute.datasets.metrics")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("java..", "io.maskroute.datasets.metrics")
                .check(classes);
    }

    @ArchTest
    static void labelsDependOnErrorsAlone(JavaClasses classes) {
        classes()
                .that()
                .resideInAPackage("io.maskroute.datasets.labels")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "java..", "javax.imageio..", "io.maskroute.core.error", "io.maskroute.datasets.labels")
                .check(classes);
    }

    @ArchTest
    static void scoringFilesNeedsNoSparkAndNoImport(JavaClasses classes) {
        noClasses()
                .that()
                .resideInAPackage("io.maskroute.datasets.score")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.apache..",
                        "io.maskroute.datasets.parquet",
                        "io.maskroute.datasets.refcoco",
                        "io.maskroute.datasets.shapesref",
                        "io.maskroute.datasets.writer")
                .check(classes);
    }

    @ArchTest
    static void theSchemaKnowsNoFormat(JavaClasses classes) {
        noClasses()
                .that()
                .resideInAPackage("io.maskroute.datasets.schema")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.maskroute.datasets.coco",
                        "io.maskroute.datasets.refcoco",
                        "io.maskroute.datasets.shapesref",
                        "io.maskroute.datasets.writer")
                .check(classes);
    }

    @ArchTest
    static void readingParquetKnowsNoColumns(JavaClasses classes) {
        noClasses()
                .that()
                .resideInAPackage("io.maskroute.datasets.parquet")
                .should()
                .dependOnClassesThat(resideInAPackage("io.maskroute.datasets..")
                        .and(not(resideInAPackage("io.maskroute.datasets.parquet")))
                        .and(not(type(HadoopFiles.class))))
                .check(classes);
    }

    @ArchTest
    static void theWriterKnowsNoFormat(JavaClasses classes) {
        noClasses()
                .that()
                .resideInAPackage("io.maskroute.datasets.writer")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.maskroute.datasets.coco",
                        "io.maskroute.datasets.refcoco",
                        "io.maskroute.datasets.shapesref")
                .check(classes);
    }

    @ArchTest
    static void readingCocoNeedsNoSpark(JavaClasses classes) {
        noClasses()
                .that()
                .resideInAPackage("io.maskroute.datasets.coco")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.spark..")
                .check(classes);
    }
}
