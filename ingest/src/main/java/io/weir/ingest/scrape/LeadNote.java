LEAD NOTE (delete this file, never commit it): finish io.weir.ingest.openmetrics (your TextParser stays), but do NOT write io.weir.ingest.scrape nor RemoteWriteClient/OpenMetricsLoader in .load:
helper-9 is writing those two packages on branch ingest2 against your TextParser and your SampleSink/SampleTable. Then test, commit and report.
