import type { Output } from "@pulumi/pulumi";

import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { alertmanager } from "./alertmanager";
import { cadvisor } from "./cadvisor";
import { grafana } from "./grafana";
import { jaeger } from "./jaeger";
import { loki } from "./loki";
import { nodeExporter } from "./node-exporter";
import { otelCollector } from "./otel-collector";
import { postgresExporter } from "./postgres-exporter";
import { prometheus } from "./prometheus";
import { promtail } from "./promtail";
import { redisExporter } from "./redis-exporter";

/** The programs of a stack, by the component that deploys them. */
export interface Programs {
  readonly metrics: { readonly prometheus: Workload; readonly alertmanager: Workload; readonly grafana: Workload };
  readonly tracing: { readonly otelCollector: Workload; readonly jaeger: Workload };
  readonly logging: { readonly loki: Workload; readonly promtail: Workload };
  readonly exporters: {
    readonly nodeExporter: Workload;
    readonly cadvisor: Workload;
    readonly redisExporter: Workload;
    readonly postgresExporter: Workload;
  };
}

/** Generated or given passwords that a program needs. */
export interface ProgramSecrets {
  readonly grafanaAdminPassword: Output<string>;
}

/** Every program that the settings ask for. Prometheus comes last, since it scrapes all the others. */
export function programsOf(settings: Settings, secrets: ProgramSecrets): Programs {
  const tracing = { otelCollector: otelCollector(settings), jaeger: jaeger(settings) };
  const logging = { loki: loki(settings), promtail: promtail(settings) };
  const exporters = {
    nodeExporter: nodeExporter(settings),
    cadvisor: cadvisor(settings),
    redisExporter: redisExporter(settings),
    postgresExporter: postgresExporter(settings),
  };
  const front = { alertmanager: alertmanager(settings), grafana: grafana(settings, secrets.grafanaAdminPassword) };
  const scraped = [front, tracing, logging, exporters].flatMap((group) => Object.values<Workload>(group));
  return { metrics: { prometheus: prometheus(settings, scraped), ...front }, tracing, logging, exporters };
}

/** Every workload of the stack in one list. */
export function workloadsOf(programs: Programs): Workload[] {
  return Object.values(programs).flatMap((group) => Object.values<Workload>(group));
}
