package io.weir.workcoord.sim;

import io.weir.workcoord.coordinator.Coordinator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** The core with a fault, compiled in memory, together with a simulator of its own, in a class loader of their own. */
final class MutatedCore extends ClassLoader {
    private static final String PACKAGE = "io.weir.workcoord.";

    private final Map<String, byte[]> mutated;

    private MutatedCore(Map<String, byte[]> mutated) {
        super(MutatedCore.class.getClassLoader());
        this.mutated = mutated;
    }

    static MutatedCore compile(Path sources, SeededFault fault) {
        Path file = sources.resolve("io/weir/workcoord").resolve(fault.file());
        try {
            return new MutatedCore(compile(file.toUri(), fault.applyTo(Files.readString(file))));
        } catch (IOException failure) {
            throw new UncheckedIOException("the core's sources are not at " + sources.toAbsolutePath(), failure);
        }
    }

    private static Map<String, byte[]> compile(URI name, String source) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        String classPath =
                locationOf(Coordinator.class) + System.getProperty("path.separator") + locationOf(NullMarked.class);
        List<String> options = List.of("-proc:none", "-implicit:none", "-nowarn", "-cp", classPath);
        try (StandardJavaFileManager standard = compiler.getStandardFileManager(null, null, null);
                MemoryFiles memory = new MemoryFiles(standard)) {
            JavaFileObject input = new SimpleJavaFileObject(name, JavaFileObject.Kind.SOURCE) {
                @Override
                public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                    return source;
                }
            };
            boolean compiles = compiler.getTask(messages, memory, null, options, null, List.of(input))
                    .call();
            if (!compiles) {
                throw new IllegalArgumentException("does not compile: " + name + "\n" + messages);
            }
            return memory.bytes();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static Path locationOf(Class<?> type) {
        try {
            return Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException failure) {
            throw new IllegalStateException("where " + type + " is", failure);
        }
    }

    /** What the compiler writes. */
    private static final class MemoryFiles extends ForwardingJavaFileManager<StandardJavaFileManager> {
        private final Map<String, ByteArrayOutputStream> written = new HashMap<>();

        MemoryFiles(StandardJavaFileManager standard) {
            super(standard);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                JavaFileManager.Location location,
                String className,
                JavaFileObject.Kind kind,
                @Nullable FileObject sibling) {
            return new SimpleJavaFileObject(URI.create("memory:///" + className.replace('.', '/')), kind) {
                @Override
                public OutputStream openOutputStream() {
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    written.put(className, bytes);
                    return bytes;
                }
            };
        }

        Map<String, byte[]> bytes() {
            Map<String, byte[]> bytes = new HashMap<>();
            written.forEach((name, stream) -> bytes.put(name, stream.toByteArray()));
            return bytes;
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(PACKAGE)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            return loaded != null ? loaded : define(name);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        byte[] bytes = mutated.get(name);
        if (bytes == null) {
            try (InputStream original = getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (original == null) {
                    throw new ClassNotFoundException(name);
                }
                bytes = original.readAllBytes();
            } catch (IOException failure) {
                throw new ClassNotFoundException(name, failure);
            }
        }
        return defineClass(name, bytes, 0, bytes.length);
    }

    /** Runs worlds on this core: see {@link Simulate#firstFailure}. */
    String @Nullable [] firstFailure(long first, long count) {
        return (String[]) call("firstFailure", first, count);
    }

    /** Runs worlds on this core: see {@link Simulate#firstReport}. */
    @Nullable
    String firstReport(long first, long count) {
        return (String) call("firstReport", first, count);
    }

    private @Nullable Object call(String name, long first, long count) {
        try {
            Method method = loadClass(Simulate.class.getName()).getMethod(name, long.class, long.class);
            return method.invoke(null, first, count);
        } catch (InvocationTargetException failure) {
            throw new IllegalStateException("the simulator itself failed", failure.getCause());
        } catch (ReflectiveOperationException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
