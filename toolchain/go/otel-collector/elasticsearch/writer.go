package elasticsearch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

// writer sends documents until Elasticsearch took or refused each of them.
type writer struct {
	client *bulkClient
	action []byte
	retry  Retry
	logger *zap.Logger
	// processed counts documents by what became of them.
	processed metric.Int64Counter
}

func newWriter(cfg *Config, client *http.Client, telemetry component.TelemetrySettings) (*writer, error) {
	// Unlike `index`, this is for data streams too, and asks for no right to overwrite.
	action, err := json.Marshal(map[string]any{"create": map[string]string{"_index": cfg.LogsIndex}})
	if err != nil {
		return nil, err
	}
	processed, err := telemetry.MeterProvider.Meter("elasticsearch").Int64Counter(
		"otelcol.elasticsearch.docs.processed",
		metric.WithUnit("1"),
		metric.WithDescription("Documents, by whether Elasticsearch took them"),
	)
	if err != nil {
		return nil, err
	}
	return &writer{
		client:    &bulkClient{http: client, endpoints: cfg.endpoints(), user: cfg.User, password: string(cfg.Password)},
		action:    action,
		retry:     cfg.Retry,
		logger:    telemetry.Logger,
		processed: processed,
	}, nil
}

// write sends the documents, and again those that are worth another attempt.
//
// It fails when a request as a whole did, and is not or no more to be repeated. Single documents that Elasticsearch refuses
// are logged and dropped: the same document would be refused again.
func (w *writer) write(ctx context.Context, documents [][]byte) error {
	wait := w.retry.InitialInterval
	for attempt := 0; len(documents) > 0; attempt++ {
		last := !w.retry.Enabled || attempt >= w.retry.MaxRetries
		results, err := w.client.send(ctx, w.action, documents)
		if err != nil && (last || !w.worthRetrying(err)) {
			w.count(ctx, len(documents), "failed")
			return err
		}
		if err == nil {
			documents = w.settle(ctx, documents, results, last)
			if len(documents) == 0 {
				return nil
			}
		}
		w.logger.Debug("sending documents again",
			zap.Int("documents", len(documents)), zap.Duration("after", wait), zap.Error(err))
		if err := sleep(ctx, jittered(wait)); err != nil {
			return err
		}
		wait = min(2*wait, w.retry.MaxInterval)
	}
	return nil
}

func (w *writer) worthRetrying(err error) bool {
	var answer *answerError
	return !errors.As(err, &answer) || slices.Contains(w.retry.RetryOnStatus, answer.status)
}

// settle accounts for the documents and gives back those to send again.
func (w *writer) settle(ctx context.Context, documents [][]byte, results []result, last bool) [][]byte {
	var again [][]byte
	taken := 0
	refused := map[result]int{}
	for index, result := range results {
		switch {
		case result.status < http.StatusMultipleChoices:
			taken++
		case !last && slices.Contains(w.retry.RetryOnStatus, result.status):
			again = append(again, documents[index])
		default:
			refused[result]++
		}
	}
	w.count(ctx, taken, "success")
	for why, number := range refused {
		w.count(ctx, number, strconv.Itoa(why.status))
		w.logger.Error("Elasticsearch refused documents, they are dropped",
			zap.Int("dropped", number), zap.Int("status", why.status), zap.String("error.type", why.errorType))
	}
	return again
}

func (w *writer) count(ctx context.Context, documents int, outcome string) {
	if documents > 0 {
		w.processed.Add(ctx, int64(documents), metric.WithAttributes(attribute.String("outcome", outcome)))
	}
}

func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("gave up waiting for another attempt: %w", ctx.Err())
	case <-time.After(duration):
		return nil
	}
}

// jittered spreads the attempts of several collectors over half of the wait.
func jittered(wait time.Duration) time.Duration {
	return wait/2 + rand.N(wait/2+1)
}
