module pyairtable-monitoring.local/toolchain

go 1.26.0
