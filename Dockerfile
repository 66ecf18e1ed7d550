# Weir's image: `docker build -t weir .` at the root of the repository. One image runs every command: the first argument is `api`, `worker`,
# `ingest`, ... and every option has its WEIR_... variable.
#
# glibc is needed: DuckDB, snappy and zstd bring native libraries that are linked against it. The JDK stays in the image for jcmd and jstack.

FROM eclipse-temurin:25-jdk AS build
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends maven \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# As the launcher builds, but with nothing left over from another build.
RUN --mount=type=cache,target=/root/.m2 \
    mvn -q -B -Dmaven.test.skip=true -pl cli -am package \
 && test -n "$(ls cli/target/weir/lib/cli-*.jar)"

FROM eclipse-temurin:25-jdk
ARG WEIR_UID=10001
# A release has no pom.xml beside the launcher, so that it never builds.
COPY --from=build /src/weir /opt/weir/weir
COPY --from=build /src/dev/find-jdk /opt/weir/dev/find-jdk
COPY --from=build /src/cli/target/weir/lib /opt/weir/cli/target/weir/lib
RUN mkdir -p /var/lib/weir && chown ${WEIR_UID}:${WEIR_UID} /var/lib/weir && ln -s /opt/weir/weir /usr/local/bin/weir
USER ${WEIR_UID}:${WEIR_UID}
WORKDIR /var/lib/weir
# api 8080, worker 8081 (HTTP) and 8082 (control), ingest 8083
EXPOSE 8080 8081 8082 8083
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/weir/weir"]
CMD ["--help"]
