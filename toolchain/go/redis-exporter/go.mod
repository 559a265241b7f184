module pyairtable-monitoring.local/toolchain

go 1.26.0

require github.com/oliver006/redis_exporter v1.88.0
