/** The programs of each kind of stack, by what runs them, with their copies on three nodes. */

export const ready = (count: number) => `${count} of ${count}`;

const AGENTS = { "daemonset/node-exporter": ready(3) };
export const LOKI_AGENTS = { ...AGENTS, "daemonset/promtail": ready(3) };
export const ELK_AGENTS = { ...AGENTS, "daemonset/filebeat": ready(3) };
export const DEVELOPMENT = {
  "deployment/postgres-exporter": ready(1),
  "deployment/redis-exporter": ready(1),
  ...Object.fromEntries(
    ["alertmanager", "grafana", "jaeger", "otel-collector", "prometheus"].map((name) => [
      `statefulset/${name}`,
      ready(1),
    ]),
  ),
};
export const LOKI = { "statefulset/loki": ready(1) };
export const ELK = {
  "statefulset/elasticsearch": ready(1),
  "statefulset/logstash": ready(1),
  "deployment/elasticsearch-exporter": ready(1),
  "deployment/kibana": ready(1),
  "job/elasticsearch-setup": "complete",
  "job/kibana-setup": "complete",
};
export const PRODUCTION = {
  "daemonset/otel-collector": ready(3),
  "deployment/elasticsearch-exporter": ready(1),
  "deployment/front-door": ready(2),
  "deployment/grafana": ready(2),
  "deployment/jaeger": ready(2),
  "deployment/kibana": ready(2),
  "deployment/postgres-exporter": ready(1),
  "deployment/redis-exporter": ready(1),
  "statefulset/alertmanager": ready(3),
  "statefulset/elasticsearch": ready(3),
  "statefulset/logstash": ready(2),
  "statefulset/otel-gateway": ready(2),
  "statefulset/prometheus": ready(2),
  "job/elasticsearch-setup": "complete",
  "job/kibana-setup": "complete",
};
