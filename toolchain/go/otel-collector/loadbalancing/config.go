// Package loadbalancing is this project's exporter that spreads spans over several collectors. It stands in for the vendor's
// of the same name, whose module cannot be verified, and takes those of its keys that the stack's configurations use.
package loadbalancing

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/exporter/otlpexporter"
)

const (
	byTrace     = "traceID"
	byService   = "service"
	defaultPort = ":4317"
)

// Config is the exporter's configuration. A key of the vendor's that is not here is refused.
type Config struct {
	// RoutingKey says what spans share that go to the same backend: "traceID", which an empty text means too, or "service".
	RoutingKey string   `mapstructure:"routing_key"`
	Protocol   Protocol `mapstructure:"protocol"`
	Resolver   Resolver `mapstructure:"resolver"`
}

// Protocol is how backends are spoken to.
type Protocol struct {
	// OTLP is the configuration of an `otlp` exporter. Its endpoint is replaced by each backend's.
	OTLP otlpexporter.Config `mapstructure:"otlp"`
}

// Resolver is how backends are found.
type Resolver struct {
	Static *StaticResolver `mapstructure:"static"`
}

// StaticResolver names the backends one by one.
type StaticResolver struct {
	// Hostnames are hosts, each with a port unless that is 4317.
	Hostnames []string `mapstructure:"hostnames"`
}

// Validate tells what in the configuration cannot work.
func (c *Config) Validate() error {
	var problems []error
	if !slices.Contains([]string{"", byTrace, byService}, c.RoutingKey) {
		problems = append(problems, fmt.Errorf("unsupported routing_key %q: use %q or %q", c.RoutingKey, byTrace, byService))
	}
	if c.Resolver.Static == nil {
		problems = append(problems, errors.New("no resolvers specified for the exporter: set resolver::static"))
	} else if len(c.Resolver.Static.Hostnames) == 0 || slices.Contains(c.Resolver.Static.Hostnames, "") {
		problems = append(problems, errors.New("resolver::static::hostnames must list the backends, none of them empty"))
	}
	return errors.Join(problems...)
}

// endpoints gives every backend once.
func (c *Config) endpoints() []string {
	var endpoints []string
	for _, hostname := range c.Resolver.Static.Hostnames {
		if !strings.Contains(hostname, ":") {
			hostname += defaultPort
		}
		endpoints = append(endpoints, hostname)
	}
	slices.Sort(endpoints)
	return slices.Compact(endpoints)
}
