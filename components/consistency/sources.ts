import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Labels } from "./labels";

/** What of a scrape job tells which labels its series have. */
export interface ScrapeJob {
  readonly job_name: string;
  readonly static_configs?: readonly { readonly labels?: Readonly<Record<string, string>> }[];
  readonly relabel_configs?: readonly Relabeling[];
  readonly metric_relabel_configs?: readonly Relabeling[];
}

interface Relabeling {
  readonly target_label?: string;
  readonly replacement?: string;
}

/** A file of `metrics/`: what one release of a program exports, recorded from its own pages. */
interface Catalog {
  readonly program: string;
  readonly version: string;
  /** By name: the names of the labels, with spaces between. */
  readonly metrics: Readonly<Record<string, string>>;
}

const FOLDER = join(__dirname, "metrics");

/** Jobs whose program has the metrics of another one, or that gather those of another job. */
const SAME_AS: Readonly<Record<string, string>> = {
  "otel-gateway": "otel-collector",
  "otel-shipper": "otel-collector",
  "annotated-services": "services",
  "discovered-services": "services",
};

/** What the names of series begin with that were taken over from other Prometheus servers. */
export const FEDERATED = "federated:";

/** What Prometheus itself adds for every target. */
const OF_EVERY_TARGET = [
  "up",
  "scrape_duration_seconds",
  "scrape_samples_post_metric_relabeling",
  "scrape_samples_scraped",
  "scrape_series_added",
];

/** Programs that make metrics of spans, which they push. */
const SPAN_COUNTERS = ["otel-collector", "otel-gateway"];

/** Every metric of one stack with the labels that its series can have. */
export class Sources {
  readonly #metrics = new Map<string, Labels>();
  readonly #own = new Set<string>();
  /** Values of the label `job`. */
  readonly jobs: readonly string[];

  /**
   * @param jobs the scrape jobs of the stack's Prometheus.
   * @param programs names of the stack's programs.
   * @param own metrics of the services beside those of their contract: names, as in the setting `serviceMetrics`.
   */
  constructor(jobs: readonly ScrapeJob[], programs: readonly string[], own: readonly string[] = []) {
    this.jobs = [...new Set(jobs.flatMap(jobLabels))];
    for (const name of own) this.#own.add(name);
    for (const job of jobs) {
      const labels = targetLabels(job);
      for (const name of OF_EVERY_TARGET) this.add(name, new Set(labels));
      this.#addCatalog(SAME_AS[job.job_name] ?? job.job_name, labels);
    }
    if (programs.some((name) => SPAN_COUNTERS.includes(name))) {
      this.#addCatalog("spans", ["job", "instance"]);
    }
    this.add("ALERTS", "any");
    this.add("ALERTS_FOR_STATE", "any");
  }

  #addCatalog(name: string, labels: readonly string[]): void {
    const file = join(FOLDER, `${name}.json`);
    // A program whose metrics nobody recorded: what it exports beside `up` is not known, so nothing may rely on it.
    if (!existsSync(file)) return;
    const { metrics } = JSON.parse(readFileSync(file, "utf8")) as Catalog;
    for (const [metric, own] of Object.entries(metrics)) {
      this.add(metric, new Set([...labels, ...own.split(" ").filter((label) => label !== "")]));
    }
  }

  /** Adds a metric, or labels to one that is known. */
  add(metric: string, labels: Labels): void {
    const known = this.#metrics.get(metric);
    const all = labels === "any" || known === "any" ? "any" : new Set([...(known ?? []), ...labels]);
    this.#metrics.set(metric, all);
  }

  /** Sets the labels of a metric, whatever was known of it. */
  replace(metric: string, labels: Labels): void {
    this.#metrics.set(metric, labels);
  }

  /** The labels of a metric; `undefined` when nothing exports it. */
  labelsOf(metric: string): Labels | undefined {
    return this.#metrics.get(metric) ?? (this.#isOwn(metric) || this.#isFederated(metric) ? "any" : undefined);
  }

  /** Names that are known. */
  names(): string[] {
    return [...this.#metrics.keys(), ...this.#own];
  }

  /** What other servers record is not known here. */
  #isFederated(metric: string): boolean {
    return this.jobs.includes("federation") && metric.startsWith(FEDERATED);
  }

  /** A service names its histogram once; Prometheus stores three series of it. */
  #isOwn(metric: string): boolean {
    return this.#own.has(metric) || this.#own.has(metric.replace(/_(bucket|sum|count|total)$/, ""));
  }
}

function targetLabels(job: ScrapeJob): string[] {
  const relabelled = [...(job.relabel_configs ?? []), ...(job.metric_relabel_configs ?? [])];
  const names = [
    ...(job.static_configs ?? []).flatMap(({ labels }) => Object.keys(labels ?? {})),
    ...relabelled.flatMap(({ target_label }) => target_label ?? []),
  ];
  return ["job", "instance", ...names.filter((name) => !name.startsWith("__"))];
}

/** A relabelling can give a job's series another value of `job`. */
function jobLabels({ job_name, relabel_configs = [] }: ScrapeJob): string[] {
  const renamed = relabel_configs.filter(({ target_label }) => target_label === "job");
  return [job_name, ...renamed.flatMap(({ replacement }) => replacement ?? [])];
}
