package io.weir.queryapi.http;

/** The page at {@code /}: what there is and where. */
final class FrontPage {
    static final String HTML =
            """
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><title>Weir</title>
            <style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
            td{padding:.1rem 1rem .1rem 0;vertical-align:top}</style></head>
            <body>
            <h1>Weir</h1>
            <p>PromQL over metrics kept as Parquet segments. Point Grafana's Prometheus datasource at this address.</p>
            <table>
            <tr><td><a href="/api/v1/query?query=vector(1)">/api/v1/query</a></td><td>instant query (GET, POST)</td></tr>
            <tr><td>/api/v1/query_range</td><td>range query (GET, POST)</td></tr>
            <tr><td><a href="/api/v1/labels">/api/v1/labels</a></td><td>label names</td></tr>
            <tr><td><a href="/api/v1/label/__name__/values">/api/v1/label/&hellip;/values</a></td><td>label values</td></tr>
            <tr><td>/api/v1/series</td><td>series (GET, POST)</td></tr>
            <tr><td><a href="/api/v1/metadata">/api/v1/metadata</a></td><td>types, help and units</td></tr>
            <tr><td>/api/v1/format_query</td><td>a query, formatted</td></tr>
            <tr><td>/api/v1/metrics/query</td><td>results as server-sent events (POST, JSON)</td></tr>
            <tr><td><a href="/api/v1/explain?query=vector(1)">/api/v1/explain</a></td><td>the plan of a query</td></tr>
            <tr><td><a href="/api/v1/queries">/api/v1/queries</a></td><td>running queries; DELETE cancels one</td></tr>
            <tr><td><a href="/api/v1/workers">/api/v1/workers</a></td><td>workers</td></tr>
            <tr><td><a href="/api/v1/status/buildinfo">/api/v1/status/buildinfo</a></td><td>version</td></tr>
            <tr><td><a href="/metrics">/metrics</a></td><td>measurements of this process</td></tr>
            <tr><td><a href="/healthz">/healthz</a> <a href="/livez">/livez</a> <a href="/readyz">/readyz</a></td><td>probes</td></tr>
            </table>
            </body></html>
            """;

    private FrontPage() {}
}
