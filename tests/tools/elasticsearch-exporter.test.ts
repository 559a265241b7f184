import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { authorityCertificate, programCertificate } from "../../components/certificates";
import type { Workload } from "../../components/platform/workload";
import { programsFor } from "../programs/support";
import { freePorts } from "../../toolchain/free-ports";
import { get, start } from "./support/daemon";
import { useRenderedElk } from "./support/elk";
import { useTool } from "./support/tool";

const CONFIGS = path.join(__dirname, "../../configs");
const DIRECTORY = "/etc/elasticsearch-exporter";
const INDEX = ".ds-logs-pyairtable-dev-2026.11.27-000001";

const rendered = useRenderedElk(["with Logstash"]);
const exporter = useTool("elasticsearch_exporter");
const workload = programsFor({ logging: "elk" }).exporters.elasticsearchExporter as Workload;

/** The metrics of Elasticsearch that alerts and panels read. */
const read = ["prometheus/rules/stack-elasticsearch.yaml", "grafana/dashboards/log-store.json"]
  .map((file) => readFileSync(path.join(CONFIGS, file), "utf8"))
  .flatMap((text) => text.match(/\belasticsearch_\w+/g) ?? []);

const operations = { index_total: 40, index_time_in_millis: 80 };
const searches = { query_total: 3, query_time_in_millis: 9 };

/** What Elasticsearch answers, as far as it is read. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  "/": { cluster_name: "pyairtable", cluster_uuid: "u", version: { number: "8.19.9", lucene_version: "9.12.2" } },
  "/_cluster/health": { cluster_name: "pyairtable", status: "green", number_of_nodes: 1, number_of_data_nodes: 1 },
  "/_cluster/settings": {
    defaults: {
      cluster: {
        max_shards_per_node: "1000",
        routing: {
          allocation: {
            enable: "all",
            disk: { threshold_enabled: "true", watermark: { low: "3072mb", high: "2048mb", flood_stage: "1024mb" } },
          },
        },
      },
    },
    persistent: {},
    transient: {},
  },
  "/_nodes/stats": {
    cluster_name: "pyairtable",
    nodes: {
      a: {
        name: "elasticsearch",
        host: "10.0.0.2",
        roles: ["master", "data"],
        indices: { indexing: operations, search: searches },
        process: { cpu: { percent: 7, total_in_millis: 1 } },
        jvm: { mem: { heap_used_in_bytes: 9, heap_max_in_bytes: 10 }, uptime_in_millis: 1 },
        thread_pool: { write: { rejected: 2 }, search: { rejected: 0 } },
        fs: { data: [{ path: "/data", mount: "/", total_in_bytes: 9, free_in_bytes: 8, available_in_bytes: 7 }] },
      },
    },
  },
  "/_all/_stats": {
    indices: {
      [INDEX]: {
        primaries: { docs: { count: 5 } },
        total: { docs: { count: 5 }, store: { size_in_bytes: 6 }, indexing: operations },
      },
    },
  },
  "/_all/_settings": {
    [INDEX]: { settings: { index: { creation_date: "1795780000000", number_of_replicas: "0" } } },
  },
  "/_all/_ilm/explain": {
    indices: { [INDEX]: { index: INDEX, managed: true, phase: "hot", action: "rollover", step: "ERROR" } },
  },
  "/_ilm/status": { operation_mode: "RUNNING" },
  "/_cat/shards": [{ index: INDEX, state: "STARTED", node: "elasticsearch" }],
};

/** A server with a certificate of the stack's authority, which answers as Elasticsearch does. */
async function elasticsearch(answers: typeof ANSWERS) {
  const asked: { request: string; authorization: string }[] = [];
  const { certificate, key } = programCertificate("root", "elasticsearch", ["elasticsearch", "localhost"]);
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const { pathname } = new URL(request.url as string, "https://localhost");
    asked.push({ request: `${request.method} ${pathname}`, authorization: request.headers.authorization ?? "" });
    response.writeHead(pathname in answers ? 200 : 503).end(JSON.stringify(answers[pathname] ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, port: (server.address() as AddressInfo).port };
}

/** Starts the exporter as its container does, and gives its page and what it asked. */
async function pageOf(answers: typeof ANSWERS, root = "root") {
  const files = rendered("with Logstash");
  const { asked, port } = await elasticsearch(answers);
  const authority = await files.put(`${DIRECTORY}/secrets/authority.crt`, authorityCertificate(root));
  const login = await files.copy(`${DIRECTORY}/secrets/login`, (text) =>
    text.replace("elasticsearch:9200", `localhost:${port}`),
  );
  const { http } = await freePorts("http");
  const commandArguments = (workload.args ?? []).map((argument) =>
    argument
      .replace(`${DIRECTORY}/secrets/login`, login)
      .replace(`${DIRECTORY}/secrets/ca.crt`, authority)
      .replace(":9114", `127.0.0.1:${http}`),
  );
  await start(exporter.path(), commandArguments, `http://127.0.0.1:${http}/healthz`);
  return { page: await get(`http://127.0.0.1:${http}/metrics`), asked, commandArguments };
}

describe("the Elasticsearch exporter", () => {
  it("has every metric that alerts and panels read", async () => {
    const { page } = await pageOf(ANSWERS);
    const known = new Set(page.match(/^\w+(?=[{ ])/gm));
    expect(read.length).toBeGreaterThan(20);
    expect(read.filter((name) => !known.has(name))).toEqual([]);
    expect(page).toContain("elasticsearch_clustersettings_allocation_watermark_low_bytes 3.221225472e+09");
    expect(page).toContain(
      `elasticsearch_ilm_index_status{action="rollover",index="${INDEX}",phase="hot",step="ERROR"} 1`,
    );
  });

  it("logs in with the password of its file, which its command line does not hold, and only asks", async () => {
    const { asked, commandArguments } = await pageOf(ANSWERS);
    const login = Buffer.from("exporter:secretmark-elasticsearch-exporter").toString("base64");
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([`Basic ${login}`]));
    expect(new Set(asked.map(({ request }) => request))).toEqual(
      new Set(Object.keys(ANSWERS).map((path) => `GET ${path}`)),
    );
    expect(commandArguments.join(" ")).not.toContain("secretmark");
  });

  it("tells no health of a server that it does not know, or that has no master", async () => {
    const health = /^elasticsearch_cluster_health_status/m;
    const stranger = await pageOf(ANSWERS, "another root");
    expect(stranger.page).not.toMatch(health);
    expect(stranger.asked).toEqual([]);
    expect((await pageOf({})).page).not.toMatch(health);
  }, 60_000);
});
