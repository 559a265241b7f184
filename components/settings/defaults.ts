import type { Service } from "./settings";

/** The eight services of the PyAirtable platform, at the addresses of its own compose file. */
export const DEFAULT_SERVICES: readonly Service[] = [
  { name: "api-gateway", address: "api-gateway:8000", owner: "platform" },
  { name: "llm-orchestrator", address: "llm-orchestrator:8003", owner: "ai" },
  { name: "mcp-server", address: "mcp-server:8001", owner: "ai" },
  { name: "airtable-gateway", address: "airtable-gateway:8002", owner: "integrations" },
  { name: "platform-services", address: "platform-services:8007", owner: "platform" },
  { name: "automation-services", address: "automation-services:8006", owner: "automation" },
  { name: "saga-orchestrator", address: "saga-orchestrator:8008", owner: "automation" },
  { name: "frontend", address: "frontend:3000", owner: "frontend", metricsPath: "/api/metrics" },
].map((service) => ({ metricsPath: "/metrics", scheme: "http" as const, ...service }));

/** Ports on the host, by what is published there. */
export const DEFAULT_PORTS = {
  grafana: 3001,
  prometheus: 9090,
  jaeger: 16686,
  alertmanager: 9093,
  loki: 3100,
  kibana: 5601,
  "node-exporter": 9100,
  cadvisor: 8080,
} as const;

/** Ports of API servers: of most clouds, and of Kubernetes itself. */
export const DEFAULT_API_PORTS: readonly number[] = [443, 6443];

/** Ports that are published only when a number is given. */
export const OPTIONAL_PORTS = ["otlp-grpc", "otlp-http"] as const;

/**
 * Memory and CPU limits. Those of Prometheus, Grafana, Loki and Elasticsearch are the platform guide's; the others are about
 * three times what each was measured to use at rest (`npm run bench` prints both), and for Kibana and Logstash, which do not
 * run in the tests, what their vendor asks for at the least.
 */
export const DEFAULT_RESOURCES = {
  prometheus: { memory: "512Mi", cpu: "0.5" },
  alertmanager: { memory: "128Mi", cpu: "0.1" },
  grafana: { memory: "256Mi", cpu: "0.3" },
  "otel-collector": { memory: "256Mi", cpu: "0.5" },
  jaeger: { memory: "512Mi", cpu: "0.5" },
  loki: { memory: "512Mi", cpu: "0.4" },
  promtail: { memory: "128Mi", cpu: "0.2" },
  "otel-shipper": { memory: "128Mi", cpu: "0.2" },
  "otel-gateway": { memory: "512Mi", cpu: "0.5" },
  elasticsearch: { memory: "1Gi", cpu: "0.7" },
  logstash: { memory: "1Gi", cpu: "0.5" },
  kibana: { memory: "1Gi", cpu: "0.5" },
  filebeat: { memory: "256Mi", cpu: "0.2" },
  "node-exporter": { memory: "64Mi", cpu: "0.1" },
  cadvisor: { memory: "256Mi", cpu: "0.3" },
  "redis-exporter": { memory: "64Mi", cpu: "0.1" },
  "postgres-exporter": { memory: "64Mi", cpu: "0.1" },
  "elasticsearch-exporter": { memory: "64Mi", cpu: "0.1" },
  "front-door": { memory: "128Mi", cpu: "0.5" },
} as const;

/** Volume sizes, for platforms that size volumes and for retention by size. */
export const DEFAULT_STORAGE = {
  prometheus: "10Gi",
  alertmanager: "1Gi",
  grafana: "1Gi",
  "otel-collector": "1Gi",
  jaeger: "5Gi",
  loki: "10Gi",
  promtail: "1Gi",
  "otel-shipper": "1Gi",
  "otel-gateway": "2Gi",
  elasticsearch: "20Gi",
  "elasticsearch-snapshots": "20Gi",
  logstash: "2Gi",
  filebeat: "1Gi",
} as const;

/** Copies of the programs that can have several, which takes a cluster. */
export const DEFAULT_REPLICAS = {
  prometheus: 1,
  alertmanager: 1,
  grafana: 1,
  jaeger: 1,
  "otel-gateway": 1,
  elasticsearch: 1,
  logstash: 1,
  kibana: 1,
  "front-door": 1,
} as const;

/** Programs whose heap is Java's: half of their limit, since the other half is for what lies outside it. */
export const JAVA_PROGRAMS = ["elasticsearch", "logstash"] as const;

/** A program of the stack. */
export type ProgramName = keyof typeof DEFAULT_RESOURCES;
/** A program that can have several copies. */
export type ReplicatedProgram = keyof typeof DEFAULT_REPLICAS;
/** A program that keeps data; Elasticsearch's snapshots have a volume of their own. */
export type StoringProgram = keyof typeof DEFAULT_STORAGE;
/** Something that a person or a service reaches from the host. */
export type PublishedName = keyof typeof DEFAULT_PORTS;
export type OptionalPublishedName = (typeof OPTIONAL_PORTS)[number];
