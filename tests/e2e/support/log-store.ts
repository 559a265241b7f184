import { readFileSync } from "node:fs";
import path from "node:path";

import { PROJECT_ROOT } from "../../../operations/workspace";
import { emptyQueries, panelsOf } from "./demo-panels";
import { addressOf, type Elasticsearch, type Login } from "./elk";
import { eventually, getJson } from "./eventually";

const RULES = path.join(PROJECT_ROOT, "configs/prometheus/rules/stack-elasticsearch.yaml");
const DASHBOARDS = path.join(PROJECT_ROOT, "configs/grafana/dashboards");
const FILE = "log-store.json";

/** The Elasticsearch of the tests carries no lifecycle out and tells of none. */
const OF_THE_LIFECYCLE = /\belasticsearch_ilm_/;

/** The metrics that alerts and panels read of the exporter, and that its own page lacks. */
export async function missingMetrics(stack: string): Promise<string[]> {
  const response = await fetch(`http://${await addressOf(`${stack}-elasticsearch-exporter`)}:9114/metrics`);
  const page = new Set((await response.text()).match(/^\w+(?=[{ ])/gm));
  const texts = [RULES, path.join(DASHBOARDS, FILE)].map((file) => readFileSync(file, "utf8")).join("\n");
  const read = new Set(texts.match(/\belasticsearch_\w+/g));
  if (read.size < 20) throw new Error(`only ${read.size} metrics are read: adapt the search to the files`);
  return [...read].filter((name) => !page.has(name) && !OF_THE_LIFECYCLE.test(name));
}

/** Queries of the dashboard about Elasticsearch that give no data for a minute and a half, as text. */
export async function emptyLogStorePanels(prometheus: string): Promise<string[]> {
  const stores = { prometheus, loki: "http://127.0.0.1:9", scrapeSeconds: 15 };
  const onlyThis = (dashboard: unknown) =>
    (dashboard as { uid: string }).uid === "pyairtable-log-store" ? dashboard : undefined;
  const panels = panelsOf(DASHBOARDS, stores, onlyThis)
    .map((panel) => ({ ...panel, targets: panel.targets.filter(({ expr = "" }) => !OF_THE_LIFECYCLE.test(expr)) }))
    .filter(({ targets }) => targets.length > 0);
  if (panels.length < 15) throw new Error(`only ${panels.length} panels were found`);
  let empty: string[] = [];
  const full = async () => {
    empty = (await Promise.all(panels.map((panel) => emptyQueries(panel, stores)))).flat();
    return empty.length === 0 || undefined;
  };
  await eventually("data in every panel about Elasticsearch", full, 90).catch(() => {});
  return empty;
}

/** How many containers each program without metrics lacks, of what its stack is made of. */
export async function missingContainers(stack: string, prometheus: string): Promise<Record<string, string>> {
  const there = `count by (service) (max by (service, name) (container_last_seen{name=~"${stack}-.+"}))`;
  return valuesBy("service", prometheus, `service:expected_containers:count - on (service) ${there}`);
}

/** The values of a query by one label of its series. */
export async function valuesBy(label: string, prometheus: string, query: string): Promise<Record<string, string>> {
  type Answer = { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
  const { data } = await getJson<Answer>(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
  return Object.fromEntries(data.result.map(({ metric, value }) => [metric[label] ?? "", value[1]]));
}

/** What Elasticsearch answers a user who tries to see, read and change things. */
export async function attempts(elasticsearch: Elasticsearch, login: Login, stream: string) {
  const document = { "@timestamp": new Date().toISOString(), message: "by hand" };
  const status = async (method: string, at: string, body?: unknown) =>
    (await elasticsearch.ask(at, { method, login, ...(body === undefined ? {} : { body }) })).status;
  return {
    health: await status("GET", "/_cluster/health"),
    settings: await status("GET", `/${stream}/_settings`),
    search: await status("GET", `/${stream}/_search`),
    count: await status("GET", `/${stream}/_count`),
    add: await status("POST", `/${stream}/_doc`, document),
    remove: await status("DELETE", `/${stream}`),
    users: await status("GET", "/_security/user"),
    change: await status("PUT", "/_cluster/settings", { persistent: { "cluster.max_shards_per_node": 2 } }),
  };
}
