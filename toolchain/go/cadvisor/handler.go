package main

import (
	"fmt"
	"net/http"

	"github.com/google/cadvisor/lib/container"
	"github.com/google/cadvisor/lib/manager"
	"github.com/google/cadvisor/lib/metrics"
	"github.com/google/cadvisor/lib/model"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/utils/clock"
)

// handler serves the metrics, the health endpoint and a page that leads to both.
func handler(containers manager.Manager, included container.MetricSet) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+*endpoint, metricsHandler(containers, included))
	mux.HandleFunc("GET /healthz", func(response http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(response, "ok")
	})
	mux.HandleFunc("GET /{$}", func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(response, "<!doctype html><title>cAdvisor</title><h1>cAdvisor %s</h1><p><a href=%q>metrics</a></p>\n", version, *endpoint)
	})
	return mux
}

func metricsHandler(containers manager.Manager, included container.MetricSet) http.Handler {
	labels := metrics.DefaultContainerLabels
	if !*storeLabels {
		labels = metrics.BaseContainerLabels(list(*keptLabels))
	}
	newest := model.RequestOptions{IdType: model.TypeName, Count: 1, Recursive: true}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		metrics.NewPrometheusCollector(containers, labels, included, clock.RealClock{}, newest),
		metrics.NewPrometheusMachineCollector(containers, included),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	// One broken container must not hide the others' series.
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}
