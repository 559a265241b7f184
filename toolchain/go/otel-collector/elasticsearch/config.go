// Package elasticsearch is this project's exporter that writes log records to Elasticsearch in the fields of the Elastic
// Common Schema. It stands in for the vendor's of the same name, whose module cannot be verified, and takes those of its keys
// that the stack's configurations use, with the vendor's defaults.
package elasticsearch

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

const modeECS = "ecs"

// Config is the exporter's configuration. A key of the vendor's that is not here is refused.
type Config struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	// Endpoints are the addresses of the cluster, used in turn. Either these or `endpoint`.
	Endpoints []string            `mapstructure:"endpoints"`
	User      string              `mapstructure:"user"`
	Password  configopaque.String `mapstructure:"password"`
	// LogsIndex is the index or data stream that every record goes to.
	LogsIndex string  `mapstructure:"logs_index"`
	Mapping   Mapping `mapstructure:"mapping"`
	// Queue holds records until they are written, and makes batches of them.
	Queue exporterhelper.QueueBatchConfig `mapstructure:"sending_queue"`
	Retry Retry                           `mapstructure:"retry"`
}

// Mapping is how a record becomes a document.
type Mapping struct {
	Mode string `mapstructure:"mode"`
}

// Retry is what happens to documents that Elasticsearch did not take.
type Retry struct {
	Enabled    bool `mapstructure:"enabled"`
	MaxRetries int  `mapstructure:"max_retries"`
	// InitialInterval is the first wait; each further one is twice as long, up to MaxInterval.
	InitialInterval time.Duration `mapstructure:"initial_interval"`
	MaxInterval     time.Duration `mapstructure:"max_interval"`
	// RetryOnStatus are the answers, of a request or of one document in it, after which it is sent again. Without any
	// answer it always is.
	RetryOnStatus []int `mapstructure:"retry_on_status"`
}

func defaultConfig() component.Config {
	http := confighttp.NewDefaultClientConfig()
	http.Timeout = 90 * time.Second
	http.Compression = configcompression.TypeGzip
	http.CompressionParams.Level = 1

	queue := exporterhelper.NewDefaultQueueConfig()
	queue.QueueSize = 10
	queue.Batch = configoptional.Some(exporterhelper.BatchConfig{
		FlushTimeout: 10 * time.Second,
		Sizer:        exporterhelper.RequestSizerTypeBytes,
		MinSize:      1_000_000,
		MaxSize:      5_000_000,
	})

	return &Config{
		ClientConfig: http,
		Queue:        queue,
		Mapping:      Mapping{Mode: "otel"},
		Retry: Retry{
			Enabled:         true,
			MaxRetries:      2,
			InitialInterval: 100 * time.Millisecond,
			MaxInterval:     time.Minute,
			RetryOnStatus:   []int{429},
		},
	}
}

// Validate tells what in the configuration cannot work.
func (c *Config) Validate() error {
	var problems []error
	if (c.Endpoint != "") == (len(c.Endpoints) > 0) {
		problems = append(problems, errors.New("exactly one of [endpoint, endpoints] must be specified"))
	}
	for _, endpoint := range c.endpoints() {
		if address, err := url.Parse(endpoint); err != nil {
			problems = append(problems, fmt.Errorf("invalid endpoint %q: %w", endpoint, err))
		} else if address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
			problems = append(problems, fmt.Errorf("invalid endpoint %q: it must be http:// or https:// and a host", endpoint))
		}
	}
	if c.LogsIndex == "" {
		problems = append(problems, errors.New("logs_index must be set: this exporter does not choose an index by attributes"))
	}
	if c.Mapping.Mode != modeECS {
		problems = append(problems, fmt.Errorf("mapping::mode %q is not known here: use %q", c.Mapping.Mode, modeECS))
	}
	if c.Compression != configcompression.TypeGzip && c.Compression != "none" {
		problems = append(problems, errors.New("compression must be one of [none, gzip]"))
	}
	if c.Retry.MaxRetries < 0 {
		problems = append(problems, errors.New("retry::max_retries should be non-negative"))
	}
	return errors.Join(problems...)
}

func (c *Config) endpoints() []string {
	if c.Endpoint != "" {
		return []string{c.Endpoint}
	}
	return c.Endpoints
}
