import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { alertmanager } from "./alertmanager";
import { cadvisor } from "./cadvisor";
import { elkPrograms, type ElkPrograms } from "./elk";
import { grafana } from "./grafana";
import { jaeger, jaegerIndexCleaner } from "./jaeger";
import { loki } from "./loki";
import { nodeExporter } from "./node-exporter";
import { otelCollector } from "./otel-collector";
import { otelGateway } from "./otel-gateway";
import { postgresExporter } from "./postgres-exporter";
import { prometheus } from "./prometheus";
import { promtail } from "./promtail";
import { redisExporter } from "./redis-exporter";
import type { ProgramSecrets } from "./secrets";

/** The programs of a stack, by the component that deploys them. */
export interface Programs {
  readonly loki?: { readonly loki: Workload; readonly promtail: Workload };
  readonly elk?: ElkPrograms;
  readonly tracing: {
    readonly jaeger: Workload;
    readonly jaegerIndexCleaner?: Workload;
    readonly otelGateway?: Workload;
    readonly otelCollector: Workload;
  };
  readonly exporters: {
    readonly nodeExporter: Workload;
    /** On Kubernetes the kubelet does its work. */
    readonly cadvisor?: Workload;
    readonly redisExporter: Workload;
    readonly postgresExporter: Workload;
  };
  readonly metrics: { readonly alertmanager: Workload; readonly grafana: Workload; readonly prometheus: Workload };
}

/** Every program that the settings ask for. Prometheus comes last, since it scrapes all the others. */
export function programsOf(settings: Settings, secrets: ProgramSecrets): Programs {
  const { loki: lokiStore, elk: elkStore } = settings;
  const stores = {
    ...(lokiStore === undefined ? {} : { loki: { loki: loki(settings, lokiStore), promtail: promtail(settings) } }),
    ...(elkStore === undefined ? {} : { elk: elkPrograms(settings, elkStore, secrets) }),
  };
  const tracing = {
    jaeger: jaeger(settings, secrets),
    ...(settings.traces.kind === "elasticsearch"
      ? { jaegerIndexCleaner: jaegerIndexCleaner(settings, settings.traces, secrets) }
      : {}),
    ...(settings.collectorGateway ? { otelGateway: otelGateway(settings, secrets) } : {}),
    otelCollector: otelCollector(settings, secrets),
  };
  const exporters = {
    nodeExporter: nodeExporter(settings),
    ...(settings.platform === "docker" ? { cadvisor: cadvisor(settings) } : {}),
    redisExporter: redisExporter(settings),
    postgresExporter: postgresExporter(settings),
  };
  const front = { alertmanager: alertmanager(settings, secrets), grafana: grafana(settings, secrets) };
  const scraped = [...Object.values(stores), tracing, exporters, front].flatMap(workloadsIn);
  return { ...stores, tracing, exporters, metrics: { ...front, prometheus: prometheus(settings, scraped) } };
}

/** Every workload of the stack in one list, each after those that it comes `after`. */
export function workloadsOf(programs: Programs): Workload[] {
  return Object.values(programs).flatMap(workloadsIn);
}

function workloadsIn(group: object): Workload[] {
  return Object.values(group) as Workload[];
}
