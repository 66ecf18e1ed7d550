package io.weir.architecture;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.MonitorInstruction;
import java.util.ArrayDeque;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What classes do that waits, or holds without a bound: calls, constructors, fields and monitors, read from their bytecode. */
final class BlockingCalls {
    /** Owner, and those of its methods that wait; "*" for all. Subclasses are meant, too. */
    private static final Map<String, Set<String>> WAITING = Map.ofEntries(
            Map.entry("java.lang.Object", Set.of("wait")),
            Map.entry("java.lang.Thread", Set.of("sleep", "join")),
            Map.entry("java.lang.Process", Set.of("waitFor")),
            Map.entry("java.util.concurrent.locks.LockSupport", Set.of("park", "parkNanos", "parkUntil")),
            Map.entry(
                    "java.util.concurrent.locks.Condition",
                    Set.of("await", "awaitNanos", "awaitUninterruptibly", "awaitUntil")),
            Map.entry("java.util.concurrent.Future", Set.of("get")),
            Map.entry("java.util.concurrent.CompletableFuture", Set.of("get", "join")),
            Map.entry("java.util.concurrent.ForkJoinTask", Set.of("get", "join", "invoke")),
            Map.entry("java.util.concurrent.BlockingQueue", Set.of("put", "take")),
            Map.entry("java.util.concurrent.BlockingDeque", Set.of("putFirst", "putLast", "takeFirst", "takeLast")),
            Map.entry("java.util.concurrent.TransferQueue", Set.of("transfer")),
            Map.entry("java.util.concurrent.Semaphore", Set.of("acquire", "acquireUninterruptibly")),
            Map.entry("java.util.concurrent.CountDownLatch", Set.of("await")),
            Map.entry("java.util.concurrent.CyclicBarrier", Set.of("await")),
            Map.entry("java.util.concurrent.Phaser", Set.of("arriveAndAwaitAdvance", "awaitAdvance")),
            Map.entry("java.util.concurrent.Exchanger", Set.of("exchange")),
            Map.entry(
                    "java.util.concurrent.ExecutorService",
                    Set.of("awaitTermination", "invokeAll", "invokeAny", "close")),
            Map.entry("java.util.concurrent.TimeUnit", Set.of("sleep", "timedJoin", "timedWait")),
            Map.entry("io.grpc.ManagedChannel", Set.of("awaitTermination")),
            Map.entry("io.grpc.Server", Set.of("awaitTermination")),
            Map.entry("io.grpc.stub.ClientCalls", Set.of("blockingUnaryCall", "blockingServerStreamingCall")),
            Map.entry("java.nio.file.Files", Set.of("*")),
            Map.entry("java.io.File", Set.of("createNewFile", "delete", "exists", "length", "listFiles", "mkdirs")),
            Map.entry("java.nio.channels.FileChannel", Set.of("*")),
            Map.entry("java.nio.channels.SocketChannel", Set.of("*")),
            Map.entry("java.net.InetAddress", Set.of("getByName", "getAllByName", "getLocalHost", "getHostName")),
            Map.entry("java.net.URL", Set.of("openStream", "openConnection", "getContent")),
            Map.entry("java.net.http.HttpClient", Set.of("send")),
            Map.entry("java.sql.Connection", Set.of("*")),
            Map.entry("java.sql.Statement", Set.of("*")),
            Map.entry("java.sql.ResultSet", Set.of("*")),
            Map.entry("javax.sql.DataSource", Set.of("*")),
            Map.entry("software.amazon.awssdk.core.SdkClient", Set.of("*")));

    /** With a time as an argument these wait, too. */
    private static final Map<String, Set<String>> WAITING_WITH_TIME = Map.of(
            "java.util.concurrent.BlockingQueue", Set.of("offer", "poll"),
            "java.util.concurrent.Semaphore", Set.of("tryAcquire"),
            "java.util.concurrent.locks.Lock", Set.of("tryLock"));

    /** Constructors that open files or sockets. */
    private static final Set<String> OPENING = Set.of(
            "java.io.FileInputStream",
            "java.io.FileOutputStream",
            "java.io.FileReader",
            "java.io.FileWriter",
            "java.io.RandomAccessFile",
            "java.net.Socket",
            "java.net.ServerSocket");

    /** Constructors of queues that have no bound at all. */
    private static final Set<String> UNBOUNDED = Set.of(
            "java.util.concurrent.ConcurrentLinkedQueue",
            "java.util.concurrent.ConcurrentLinkedDeque",
            "java.util.concurrent.LinkedTransferQueue",
            "java.util.concurrent.PriorityBlockingQueue",
            "java.util.concurrent.DelayQueue",
            "java.util.concurrent.ScheduledThreadPoolExecutor");

    /** Constructors of queues that are bounded by an argument only. */
    private static final Set<String> UNBOUNDED_WITHOUT_ARGUMENT =
            Set.of("java.util.concurrent.LinkedBlockingQueue", "java.util.concurrent.LinkedBlockingDeque");

    private BlockingCalls() {}

    /** Each as {@code Class: what}, the class without its package. */
    static Set<String> in(JavaClasses classes) {
        Set<String> found = new TreeSet<>();
        for (JavaClass each : classes) {
            String name = each.getName().substring(each.getPackageName().length() + 1);
            String outer = name.contains("$") ? name.substring(0, name.indexOf('$')) : name;
            for (JavaAccess<?> access : each.getCodeUnitAccessesFromSelf()) {
                if (access.getTarget() instanceof CodeUnitAccessTarget target && isForbidden(target)) {
                    found.add(outer + ": " + target.getOwner().getSimpleName() + "."
                            + target.getName().replace("<init>", "new"));
                }
            }
            for (JavaField field : each.getFields()) {
                if (field.getRawType().isAssignableTo(ArrayDeque.class)
                        || field.getRawType().isAssignableTo(LinkedList.class)) {
                    found.add(outer + ": field " + field.getName());
                }
            }
            for (JavaCodeUnit unit : each.getCodeUnits()) {
                if (unit.getModifiers().contains(JavaModifier.SYNCHRONIZED)) {
                    found.add(outer + ": synchronized");
                }
            }
            if (hasMonitors(each)) {
                found.add(outer + ": synchronized");
            }
        }
        return found;
    }

    private static boolean isForbidden(CodeUnitAccessTarget target) {
        JavaClass owner = target.getOwner();
        List<JavaClass> parameters = target.getRawParameterTypes();
        if (target.getName().equals("<init>")) {
            String type = owner.getName();
            boolean sized =
                    parameters.size() == 1 && parameters.getFirst().getName().equals("int");
            return OPENING.contains(type)
                    || UNBOUNDED.contains(type)
                    || (UNBOUNDED_WITHOUT_ARGUMENT.contains(type) && !sized);
        }
        boolean timed = parameters.stream().anyMatch(type -> type.getName().equals("java.util.concurrent.TimeUnit"));
        return matches(WAITING, owner, target.getName())
                || (timed && matches(WAITING_WITH_TIME, owner, target.getName()))
                || target.getName().startsWith("newBlocking")
                || (owner.getName().equals("java.util.concurrent.Executors")
                        && target.getName().startsWith("new"))
                || isAsyncOnTheCommonPool(owner, target.getName(), parameters);
    }

    private static boolean matches(Map<String, Set<String>> rules, JavaClass owner, String method) {
        for (Map.Entry<String, Set<String>> rule : rules.entrySet()) {
            boolean named = rule.getValue().contains(method) || rule.getValue().contains("*");
            if (named && owner.isAssignableTo(rule.getKey())) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAsyncOnTheCommonPool(JavaClass owner, String method, List<JavaClass> parameters) {
        boolean hasExecutor =
                parameters.stream().anyMatch(type -> type.getName().equals("java.util.concurrent.Executor"));
        return owner.isAssignableTo("java.util.concurrent.CompletionStage") && method.endsWith("Async") && !hasExecutor;
    }

    /** Synchronized blocks; ArchUnit does not see them. */
    private static boolean hasMonitors(JavaClass each) {
        String file = "/" + each.getName().replace('.', '/') + ".class";
        try (var in = BlockingCalls.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException("no class file " + file);
            }
            ClassModel model = ClassFile.of().parse(in.readAllBytes());
            for (MethodModel method : model.methods()) {
                if (method.code().isPresent()
                        && method.code().get().elementStream().anyMatch(MonitorInstruction.class::isInstance)) {
                    return true;
                }
            }
            return false;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
