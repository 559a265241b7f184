/**
 * Adds to components/consistency/metrics/ what the programs of a running stack really export:
 *
 *     npx tsx tests/consistency/record-metrics.ts http://localhost:9090
 *
 * Nothing is removed, since many metrics appear only with their first event; after a new release of a program delete
 * its file first.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { images, type ImageName } from "../../components/images";

const FOLDER = path.join(__dirname, "../../components/consistency/metrics");

/** What Prometheus itself adds to every target. */
const OF_TARGETS = new Set(["__name__", "job", "instance", "service", "owner"]);
const BY_PROMETHEUS = /^(up|scrape_\w+)$/;

interface Catalog {
  program: string;
  version: string;
  /** Label names with spaces between. */
  metrics: Record<string, string>;
}

async function ask<T>(prometheus: string, query: string): Promise<T> {
  const response = await fetch(`${prometheus}/api/v1/${query}`, { signal: AbortSignal.timeout(30_000) });
  if (!response.ok) throw new Error(`${prometheus} answers ${response.status}: is it the address of a Prometheus?`);
  return ((await response.json()) as { data: T }).data;
}

function versionOf(program: string): string {
  const key = program.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  if (!(key in images)) throw new Error(`components/images.ts has no image for ${program}.`);
  return images[key as ImageName].reference.replace(/^.*:v?/, "");
}

function merge(catalog: Catalog, series: readonly Record<string, string>[]): Catalog {
  const metrics = new Map(
    Object.entries(catalog.metrics).map(([name, labels]) => [name, new Set(labels.split(" ").filter(Boolean))]),
  );
  for (const labels of series) {
    const name = labels.__name__ as string;
    if (BY_PROMETHEUS.test(name)) continue;
    const known = metrics.get(name) ?? new Set<string>();
    for (const label of Object.keys(labels)) if (!OF_TARGETS.has(label)) known.add(label);
    metrics.set(name, known);
  }
  const sorted = [...metrics].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...catalog,
    metrics: Object.fromEntries(sorted.map(([name, labels]) => [name, [...labels].sort().join(" ")])),
  };
}

async function record(prometheus: string, name: string, program: string, selector: string): Promise<void> {
  const file = path.join(FOLDER, `${name}.json`);
  const before: Catalog = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Catalog)
    : { program, version: versionOf(program), metrics: {} };
  const query = `series?match[]=${encodeURIComponent(selector)}`;
  const after = merge(before, await ask<Record<string, string>[]>(prometheus, query));
  writeFileSync(file, `${JSON.stringify(after, undefined, 2)}\n`);
  console.log(`${name}: ${Object.keys(after.metrics).length} metrics`);
}

async function main(prometheus: string): Promise<void> {
  const { activeTargets } = await ask<{ activeTargets: { scrapePool: string }[] }>(prometheus, "targets?state=active");
  const pools = new Set(activeTargets.map(({ scrapePool }) => scrapePool));
  // Grafana runs as a stand-in where its image cannot be had; what services export is a contract, not a recording.
  for (const other of ["services", "grafana"]) pools.delete(other);
  for (const job of pools) await record(prometheus, job, job, `{job="${job}"}`);
  // The collector makes them of spans and pushes them, so they have the job of the service whose spans they were.
  await record(prometheus, "spans", "otel-collector", '{__name__=~"traces_span_metrics_.+"}');
}

const [address] = process.argv.slice(2);
if (address === undefined) throw new Error("Give the address of a stack's Prometheus, such as http://localhost:9090.");
main(address.replace(/\/$/, "")).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
