package io.weir.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.weir.architecture.fixture.SeededViolations;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * The managers neither wait nor hold without a bound: one blocked transport thread or mailbox stops heartbeats, and a healthy
 * worker is taken for dead. What waits by design stands in a list, with its reason.
 */
class ManagersDoNotBlockTest {
    private static final String[] MANAGERS = {
        "io.weir.queryapi.workmanager",
        "io.weir.queryapi.discovery",
        "io.weir.queryworker.control",
        "io.weir.queryworker.workmanager",
        "io.weir.proto.stream"
    };

    private static final String ENDING = "the caller of close waits, with a limit; no transport thread, no mailbox";
    private static final String CALLER = "the thread of a query waits for the mailbox, with a limit";

    private static final Map<String, String> ALLOWED = new TreeMap<>(Map.ofEntries(
            Map.entry("Mailbox: ArrayBlockingQueue.take", "the mailbox' own thread waits for its messages"),
            Map.entry("Mailbox: ArrayBlockingQueue.poll", "the mailbox' own thread waits for its messages"),
            Map.entry(
                    "Mailbox: ArrayBlockingQueue.offer",
                    "the queue holds all that transports can post; only callers beyond their limit could wait"),
            Map.entry("Mailbox: Thread.join", ENDING),
            Map.entry("Mailbox: field own", "touched by the mailbox' thread alone, a few messages"),
            Map.entry("StreamWriter: field waiting", "under its lock, and the stream fails at the bound"),
            Map.entry("GrpcWorkManager: CompletableFuture.get", CALLER),
            Map.entry("ControlLink: ManagedChannel.awaitTermination", ENDING),
            Map.entry("HostResolver: InetAddress.getAllByName", "on a virtual thread of its own, one for each link"),
            Map.entry("DnsSource: InetAddress.getAllByName", "the discovery's own thread"),
            Map.entry("DiscoveryThread: ScheduledThreadPoolExecutor.new", "its tasks schedule each other: a few wait"),
            Map.entry("EcsSource: EcsClient.listTasks", "the discovery's own thread, with a limit"),
            Map.entry("EcsSource: EcsClient.describeTasks", "the discovery's own thread, with a limit"),
            Map.entry("EcsSource: EcsClient.close", ENDING),
            Map.entry("EcsSource: EcsClient.builder", "makes an object; waits for nothing"),
            Map.entry("AgentShell: CountDownLatch.await", "the main thread waits for the end of the drain"),
            Map.entry(
                    "ExecutionCancellation: Condition.awaitNanos",
                    "the thread that watches one cancellation, with a limit"),
            Map.entry("WorkerWorkManager: Files.deleteIfExists", "the execution's own thread, before its slot is free"),
            Map.entry("WorkerControlServer: Server.awaitTermination", ENDING),
            Map.entry("WorkerWorkManager: ThreadPoolExecutor.awaitTermination", ENDING)));

    @Test
    void theManagersWaitOnlyWhereTheListSaysSo() {
        JavaClasses managers = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages(MANAGERS);
        assertThat(managers.size()).isGreaterThan(60);
        Set<String> found = BlockingCalls.in(managers);
        assertThat(found)
                .as("hand it to a thread that may wait, or give it a bound; else name it in the list, with the reason")
                .isEqualTo(ALLOWED.keySet());
    }

    @Test
    void seededViolationsAreCaught() {
        JavaClasses fixture = new ClassFileImporter().importClasses(SeededViolations.class);
        assertThat(BlockingCalls.in(fixture))
                .containsExactlyInAnyOrder(
                        "SeededViolations: Thread.sleep",
                        "SeededViolations: Thread.join",
                        "SeededViolations: Object.wait",
                        "SeededViolations: Future.get",
                        "SeededViolations: CompletableFuture.get",
                        "SeededViolations: CompletableFuture.join",
                        "SeededViolations: BlockingQueue.put",
                        "SeededViolations: ArrayBlockingQueue.take",
                        "SeededViolations: BlockingQueue.poll",
                        "SeededViolations: Semaphore.acquire",
                        "SeededViolations: CountDownLatch.await",
                        "SeededViolations: ExecutorService.awaitTermination",
                        "SeededViolations: Files.readString",
                        "SeededViolations: Socket.new",
                        "SeededViolations: InetAddress.getByName",
                        "SeededViolations: HttpClient.send",
                        "SeededViolations: Connection.createStatement",
                        "SeededViolations: LinkedBlockingQueue.new",
                        "SeededViolations: ConcurrentLinkedQueue.new",
                        "SeededViolations: Executors.newFixedThreadPool",
                        "SeededViolations: Executors.newCachedThreadPool",
                        "SeededViolations: CompletableFuture.supplyAsync",
                        "SeededViolations: CompletableFuture.thenRunAsync",
                        "SeededViolations: field handedOver",
                        "SeededViolations: synchronized");
    }
}
