// Command otelcol is an OpenTelemetry Collector with only the components that this stack's pipelines use.
// It takes the command line of the vendor's collector: --config, validate, components.
package main

import (
	"os"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/otelcol"
)

// version is set by the linker to the release whose image this program takes the place of.
var version = "development"

func main() {
	settings := otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{
			// The self-metrics carry this name, and dashboards written for the vendor's image select on it.
			Command:     "otelcol-contrib",
			Description: "OpenTelemetry Collector of pyairtable-monitoring",
			Version:     version,
		},
		Factories: factories,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{
			ResolverSettings: confmap.ResolverSettings{
				ProviderFactories: []confmap.ProviderFactory{
					envprovider.NewFactory(),
					fileprovider.NewFactory(),
					yamlprovider.NewFactory(),
				},
				DefaultScheme: "env",
			},
		},
	}
	// The command has written its error by itself.
	if otelcol.NewCommand(settings).Execute() != nil {
		os.Exit(1)
	}
}
