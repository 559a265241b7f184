package elasticsearch

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

// NewFactory gives the factory of the exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		component.MustNewType("elasticsearch"),
		defaultConfig,
		exporter.WithLogs(createLogs, component.StabilityLevelBeta),
	)
}

type logsExporter struct {
	config    *Config
	telemetry component.TelemetrySettings
	writer    *writer
}

func createLogs(ctx context.Context, settings exporter.Settings, config component.Config) (exporter.Logs, error) {
	cfg := config.(*Config)
	e := &logsExporter{config: cfg, telemetry: settings.TelemetrySettings}
	return exporterhelper.NewLogs(ctx, settings, cfg, e.consume,
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
		// The limit is that of each request; the waits between them do not count.
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}),
		exporterhelper.WithQueue(cfg.Queue),
		exporterhelper.WithStart(e.start),
	)
}

func (e *logsExporter) start(ctx context.Context, host component.Host) error {
	client, err := e.config.ToClient(ctx, host, e.telemetry)
	if err != nil {
		return err
	}
	e.writer, err = newWriter(e.config, client, e.telemetry)
	return err
}

func (e *logsExporter) consume(ctx context.Context, logs plog.Logs) error {
	documents := make([][]byte, 0, logs.LogRecordCount())
	for _, inResource := range logs.ResourceLogs().All() {
		for _, inScope := range inResource.ScopeLogs().All() {
			for _, record := range inScope.LogRecords().All() {
				document, err := encode(inResource.Resource(), inScope.Scope(), record)
				if err != nil {
					// Sending it again would not help, and the others are good.
					e.telemetry.Logger.Error("dropping a log record that JSON cannot hold", zap.Error(err))
					continue
				}
				documents = append(documents, document)
			}
		}
	}
	return e.writer.write(ctx, documents)
}
