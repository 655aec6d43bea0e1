package io.maskroute.job;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;

/** What the packages' documentation says about their dependencies. Methods, since Surefire does not run rules in fields. */
@AnalyzeClasses(packages = "io.maskroute", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static void jobKnowsNoTorch(JavaClasses classes) {
        noClasses()
                .that()
                .resideInAPackage("io.maskroute.job..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ai.djl..", "io.maskroute.core.torchscript..")
                .check(classes);
    }

    @ArchTest
    static void reportKnowsNoSpark(JavaClasses classes) {
        noClasses()
                .that()
                .resideInAPackage("io.maskroute.job.report..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.spark..", "org.apache.hadoop..", "scala..")
                .allowEmptyShould(true)
                .check(classes);
    }

    @ArchTest
    static void oneDoorOut(JavaClasses classes) {
        assertThat(classes.stream()
                        .flatMap(c -> c.getMethodCallsFromSelf().stream())
                        .filter(call -> call.getTargetOwner().isEquivalentTo(System.class)
                                && call.getName().equals("exit")))
                .as("calls of System.exit")
                .hasSizeLessThanOrEqualTo(1);
    }
}
