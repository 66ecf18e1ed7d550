package io.weir.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The walls of DESIGN section 3: arrows between modules point down only, and the pure modules stay pure. */
class ArchitectureTest {
    private static final String[] PURE = {"io.weir.workcoord..", "io.weir.promql..", "io.weir.sketch.."};

    private static JavaClasses weir;

    @BeforeAll
    static void importClasses() {
        weir = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("io.weir");
        assertThat(weir.size()).isGreaterThan(100);
    }

    @Test
    void theLowestModulesKnowNothingOfTheRest() {
        noClasses()
                .that()
                .resideInAPackage("io.weir.workcoord..")
                .should()
                .dependOnClassesThat()
                .resideOutsideOfPackages("io.weir.workcoord..", "java..", "org.jspecify..")
                .check(weir);
        noClasses()
                .that()
                .resideInAPackage("io.weir.promql..")
                .should()
                .dependOnClassesThat()
                .resideOutsideOfPackages("io.weir.promql..", "java..", "org.jspecify..", "com.google.re2j..")
                .check(weir);
        noClasses()
                .that()
                .resideInAPackage("io.weir.proto..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.weir.promql..",
                        "io.weir.workcoord..",
                        "io.weir.lake..",
                        "io.weir.ingest..",
                        "io.weir.queryapi..",
                        "io.weir.queryworker..",
                        "io.weir.cli..")
                .check(weir);
    }

    @Test
    void thePureModulesDoNoInputOrOutputAndReadNoClock() {
        noClasses()
                .that()
                .resideInAnyPackage(PURE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.util.concurrent..", "java.net..", "java.nio.file..", "java.nio.channels..", "java.sql..")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.util.Random")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.Thread")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.time.Clock")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(java.time.Instant.class, "now")
                .check(weir);
    }

    @Test
    void sketchesKnowNothingOfTheRest() {
        noClasses()
                .that()
                .resideInAPackage("io.weir.sketch..")
                .should()
                .dependOnClassesThat()
                .resideOutsideOfPackages(
                        "io.weir.sketch..",
                        "io.weir.proto.sketch..",
                        "com.google.protobuf..",
                        "java..",
                        "org.jspecify..")
                .check(weir);
        noClasses()
                .that()
                .resideInAPackage("io.weir.precompute..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.weir.eventstats..", "io.weir.collector..")
                .check(weir);
    }

    @Test
    void theLakeKnowsOnlyPromql() {
        noClasses()
                .that()
                .resideInAPackage("io.weir.lake..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.weir.workcoord..",
                        "io.weir.proto..",
                        "io.weir.ingest..",
                        "io.weir.queryapi..",
                        "io.weir.queryworker..",
                        "io.weir.cli..")
                .check(weir);
    }

    @Test
    void processesShareOnlyWhatLiesBelowThem() {
        List<String> processes = List.of("io.weir.ingest..", "io.weir.queryapi..", "io.weir.queryworker..");
        for (String process : processes) {
            List<String> others = new ArrayList<>(processes);
            others.remove(process);
            others.add("io.weir.cli..");
            noClasses()
                    .that()
                    .resideInAPackage(process)
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(others.toArray(String[]::new))
                    .check(weir);
        }
    }

    @Test
    void theCollectorIsAProcessOfItsOwnThatOnlySharesTheDecodersOfIngest() {
        noClasses()
                .that()
                .resideInAPackage("io.weir.collector..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.weir.workcoord..",
                        "io.weir.queryapi..",
                        "io.weir.queryworker..",
                        "io.weir.precompute..",
                        "io.weir.eventstats..",
                        "io.weir.cli..")
                .check(weir);
    }

    @Test
    void duckDbLivesInTheWorkerAndHadoopNowhere() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.weir.queryworker..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.duckdb..")
                .check(weir);
    }

    @Test
    void everyPackageIsNullMarkedAndSaysWhatItIs() throws IOException {
        List<Path> missing = new ArrayList<>();
        for (Path source : FormattingTest.sources()) {
            Path info = source.resolveSibling("package-info.java");
            boolean ours = source.toString().contains("src/main/java/io/weir");
            if (ours && (!Files.exists(info) || !Files.readString(info).contains("@NullMarked"))) {
                missing.add(info);
            }
        }
        assertThat(missing.stream().distinct()).isEmpty();
    }

    @Test
    void eventStatisticsAndPrecomputePlugIntoTheApiThroughItsInterfaces() {
        noClasses()
                .that()
                .resideInAnyPackage("io.weir.eventstats..", "io.weir.precompute..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.weir.workcoord..",
                        "io.weir.ingest..",
                        "io.weir.queryworker..",
                        "io.weir.cli..",
                        "io.weir.queryapi.http..",
                        "io.weir.queryapi.plan..",
                        "io.weir.queryapi.eval..",
                        "io.weir.queryapi.sse..",
                        "io.weir.queryapi.fetch..",
                        "io.weir.queryapi.workmanager..",
                        "io.weir.queryapi.monitor..")
                .check(weir);
        noClasses()
                .that()
                .resideInAnyPackage("io.weir.lake..", "io.weir.ingest..", "io.weir.queryapi..", "io.weir.queryworker..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.weir.eventstats..", "io.weir.precompute..", "io.weir.collector..")
                .check(weir);
    }
}
