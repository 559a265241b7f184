import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { alertmanager } from "./alertmanager";
import { cadvisor } from "./cadvisor";
import { elasticsearchExporter } from "./elasticsearch-exporter";
import { elkPrograms, type ElkPrograms } from "./elk";
import { behindFrontDoor, frontDoor } from "./front-door";
import { grafana } from "./grafana";
import { jaeger, jaegerIndexCleaner } from "./jaeger";
import { loki } from "./loki";
import { nodeExporter } from "./node-exporter";
import { otelCollector } from "./otel-collector";
import { otelGateway } from "./otel-gateway";
import { otelShipper } from "./otel-shipper";
import { postgresExporter } from "./postgres-exporter";
import { prometheus } from "./prometheus";
import { promtail } from "./promtail";
import { redisExporter } from "./redis-exporter";
import type { ProgramSecrets } from "./secrets";

/** The programs of a stack, by the component that deploys them. */
export interface Programs {
  readonly loki?: { readonly loki: Workload; readonly shipper: Workload };
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
    /** Beside the log store that it watches. */
    readonly elasticsearchExporter?: Workload;
  };
  readonly entrance?: { readonly frontDoor: Workload };
  readonly metrics: { readonly alertmanager: Workload; readonly grafana: Workload; readonly prometheus: Workload };
}

/** Every program that the settings ask for. Prometheus comes last, since it scrapes all the others. */
export function programsOf(settings: Settings, secrets: ProgramSecrets): Programs {
  const { frontDoor: door } = settings;
  const inner = innerPrograms(settings, secrets);
  if (door === undefined) return withPrometheus(settings, inner);
  const others = workloadsOf(withPrometheus(settings, inner));
  const entrance = { frontDoor: frontDoor(settings, door, secrets, others) };
  return { ...closed(withPrometheus(settings, { ...inner, entrance })), entrance };
}

/** The same programs with no port for operators but the front door's. */
function closed(programs: Programs): Programs {
  const groups = Object.entries(programs).map(([group, members]) => {
    const closedMembers = Object.entries(members as Record<string, Workload>).map(([role, workload]) => [
      role,
      behindFrontDoor(workload),
    ]);
    return [group, Object.fromEntries(closedMembers)] as const;
  });
  return Object.fromEntries(groups) as unknown as Programs;
}

/** The programs that Prometheus scrapes; those beside it are part of the same component. */
type Inner = Omit<Programs, "metrics"> & { readonly metrics: Omit<Programs["metrics"], "prometheus"> };

function withPrometheus(settings: Settings, inner: Inner): Programs {
  const scraped = Object.values(inner).flatMap(workloadsIn);
  return { ...inner, metrics: { ...inner.metrics, prometheus: prometheus(settings, scraped) } };
}

function innerPrograms(settings: Settings, secrets: ProgramSecrets): Inner {
  const { loki: lokiStore, elk: elkStore } = settings;
  return {
    ...(lokiStore === undefined ? {} : { loki: lokiPrograms(settings, lokiStore) }),
    ...(elkStore === undefined ? {} : { elk: elkPrograms(settings, elkStore, secrets) }),
    tracing: {
      jaeger: jaeger(settings, secrets),
      ...(settings.traces.kind === "elasticsearch"
        ? { jaegerIndexCleaner: jaegerIndexCleaner(settings, settings.traces, secrets) }
        : {}),
      ...(settings.collectorGateway ? { otelGateway: otelGateway(settings, secrets) } : {}),
      otelCollector: otelCollector(settings, secrets),
    },
    exporters: {
      nodeExporter: nodeExporter(settings),
      ...(settings.platform === "docker" ? { cadvisor: cadvisor(settings) } : {}),
      redisExporter: redisExporter(settings),
      postgresExporter: postgresExporter(settings),
      ...(elkStore === undefined ? {} : { elasticsearchExporter: elasticsearchExporter(settings, secrets) }),
    },
    metrics: { alertmanager: alertmanager(settings, secrets), grafana: grafana(settings, secrets) },
  };
}

function lokiPrograms(settings: Settings, store: NonNullable<Settings["loki"]>): NonNullable<Programs["loki"]> {
  return {
    loki: loki(settings, store),
    shipper: store.shipper === "promtail" ? promtail(settings) : otelShipper(settings, store),
  };
}

/** Every workload of the stack in one list, each after those that it comes `after`. */
export function workloadsOf(programs: Programs): Workload[] {
  return Object.values(programs).flatMap(workloadsIn);
}

function workloadsIn(group: object): Workload[] {
  return Object.values(group) as Workload[];
}
