module pyairtable-monitoring.local/toolchain

go 1.26

require github.com/prometheus-community/elasticsearch_exporter v1.10.0
