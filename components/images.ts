/**
 * Every container image of the stack, in one table that an update bot can bump.
 *
 * `docs/versions.md` says which of these releases the tests run, and from what they were built where no image
 * can be pulled.
 */
export interface Image {
  /** Full reference with an exact tag. Never `latest`. */
  readonly reference: string;
  /** Directories that the image ships already owned by the user it runs as. Other data directories must be prepared. */
  readonly ownedPaths?: readonly string[];
}

export const images = {
  prometheus: { reference: "quay.io/prometheus/prometheus:v3.16.0", ownedPaths: ["/prometheus"] },
  alertmanager: { reference: "quay.io/prometheus/alertmanager:v0.34.2", ownedPaths: ["/alertmanager"] },
  grafana: { reference: "grafana/grafana:13.2.0", ownedPaths: ["/var/lib/grafana"] },
  jaeger: { reference: "jaegertracing/jaeger:2.13.0" },
  otelCollector: { reference: "otel/opentelemetry-collector-contrib:0.140.1" },
  loki: { reference: "grafana/loki:3.7.8", ownedPaths: ["/loki"] },
  promtail: { reference: "grafana/promtail:3.5.0" },
  nodeExporter: { reference: "quay.io/prometheus/node-exporter:v1.12.1" },
  cadvisor: { reference: "ghcr.io/google/cadvisor:v0.60.5" },
  redisExporter: { reference: "oliver006/redis_exporter:v1.88.0" },
  postgresExporter: { reference: "quay.io/prometheuscommunity/postgres-exporter:v0.17.1" },
  elasticsearchExporter: { reference: "quay.io/prometheuscommunity/elasticsearch-exporter:v1.10.0" },
  elasticsearch: {
    reference: "docker.elastic.co/elasticsearch/elasticsearch:8.19.9",
    ownedPaths: ["/usr/share/elasticsearch/data"],
  },
  kibana: { reference: "docker.elastic.co/kibana/kibana:8.19.9", ownedPaths: ["/usr/share/kibana/data"] },
  logstash: { reference: "docker.elastic.co/logstash/logstash:8.19.9", ownedPaths: ["/usr/share/logstash/data"] },
  filebeat: { reference: "docker.elastic.co/beats/filebeat:8.19.9" },
  caddy: { reference: "caddy:2.11.9" },
  busybox: { reference: "busybox:1.35.0" },
} as const satisfies Record<string, Image>;

/** A program of the stack that has an image. */
export type ImageName = keyof typeof images;
