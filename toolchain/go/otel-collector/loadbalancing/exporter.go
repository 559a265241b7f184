package loadbalancing

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
)

// NewFactory gives the factory of the exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		component.MustNewType("loadbalancing"),
		defaultConfig,
		exporter.WithTraces(createTraces, component.StabilityLevelBeta),
	)
}

func defaultConfig() component.Config {
	otlp := otlpexporter.NewFactory().CreateDefaultConfig().(*otlpexporter.Config)
	// An exporter without an endpoint is refused before the backends' are filled in.
	otlp.ClientConfig.Endpoint = "backend" + defaultPort
	return &Config{Protocol: Protocol{OTLP: *otlp}}
}

// backend is one of the collectors that spans go to.
type backend struct {
	endpoint string
	exporter.Traces
}

// balancer hands each span to the backend that its key belongs to.
type balancer struct {
	backends []*backend
	key      keyOf
}

func createTraces(ctx context.Context, settings exporter.Settings, config component.Config) (exporter.Traces, error) {
	cfg := config.(*Config)
	b := &balancer{key: keys[cfg.RoutingKey]}
	for _, endpoint := range cfg.endpoints() {
		traces, err := createBackend(ctx, settings, cfg, endpoint)
		if err != nil {
			return nil, fmt.Errorf("backend %s: %w", endpoint, err)
		}
		b.backends = append(b.backends, &backend{endpoint, traces})
	}
	return exporterhelper.NewTraces(ctx, settings, cfg, b.consume,
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
		// How long sending may take is a matter of each backend's own exporter.
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}),
		exporterhelper.WithStart(b.start),
		exporterhelper.WithShutdown(b.shutdown),
	)
}

// createBackend makes an `otlp` exporter whose name in logs and metrics ends with its endpoint.
func createBackend(ctx context.Context, settings exporter.Settings, cfg *Config, endpoint string) (exporter.Traces, error) {
	factory := otlpexporter.NewFactory()
	name := endpoint
	if settings.ID.Name() != "" {
		name = settings.ID.Name() + "_" + endpoint
	}
	settings.ID = component.NewIDWithName(factory.Type(), name)
	settings.Logger = settings.Logger.With(zap.String("endpoint", endpoint))
	otlp := cfg.Protocol.OTLP
	otlp.ClientConfig.Endpoint = endpoint
	return factory.CreateTraces(ctx, settings, &otlp)
}

func (b *balancer) start(ctx context.Context, host component.Host) error {
	for _, one := range b.backends {
		if err := one.Start(ctx, host); err != nil {
			return fmt.Errorf("backend %s: %w", one.endpoint, err)
		}
	}
	return nil
}

func (b *balancer) shutdown(ctx context.Context) error {
	var problems []error
	for _, one := range b.backends {
		problems = append(problems, one.Shutdown(ctx))
	}
	return errors.Join(problems...)
}

func (b *balancer) consume(ctx context.Context, traces ptrace.Traces) error {
	parts, err := b.split(traces)
	if err != nil {
		return err
	}
	var problems []error
	for to, part := range parts {
		problems = append(problems, to.ConsumeTraces(ctx, part))
	}
	return errors.Join(problems...)
}
