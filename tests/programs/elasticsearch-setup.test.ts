import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { elkProgramsFor, jsonOf } from "./elk-support";
import { factsOf, pathsOf, secretFilesOf, textOfFile } from "./support";

interface Role {
  readonly cluster: readonly string[];
  readonly indices: readonly { readonly names: readonly string[]; readonly privileges: readonly string[] }[];
}

/** Traces beside the lines. */
const JAEGER: Written = { platform: "kubernetes", jaegerStorage: "elasticsearch" };

const setupFor = (written: Written = {}) => elkProgramsFor({ environment: "staging", ...written }).elasticsearchSetup;
const stepsOf = (written: Written = {}) =>
  textOfFile(setupFor(written), "steps")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" "));
const roleOf = (name: string, written: Written = {}) => jsonOf<Role>(setupFor(written), `bodies/role-${name}.json`);

describe("elasticsearch-setup", () => {
  it("runs once, after Elasticsearch is ready, and reaches nothing else", () => {
    expect(setupFor().image).toBe(images.elasticsearch);
    expect(factsOf(setupFor())).toMatchObject({
      name: "elasticsearch-setup",
      user: "1000:0",
      ports: [],
      placement: "once",
      talksTo: ["elasticsearch"],
    });
    expect(setupFor().after).toEqual(["elasticsearch"]);
    expect(setupFor().args).toEqual([
      "bash",
      "/etc/elasticsearch-setup/setup.sh",
      "/etc/elasticsearch-setup",
      "https://elasticsearch:9200",
    ]);
  });

  it("has a file for every body, and uses every body", () => {
    const bodies = stepsOf().flatMap(([, , body]) => body ?? []);
    const files = pathsOf(setupFor()).filter((path) => /^bodies|^secrets.*json$/.test(path));
    expect(bodies.sort()).toEqual(files.sort());
  });

  it("sets states only, so that a second run changes nothing", () => {
    const methods = stepsOf().map(([method, path]) => `${method} ${path}`);
    expect(methods.filter((step) => step.startsWith("POST"))).toEqual(["POST _security/user/kibana_system/_password"]);
    expect(new Set(methods).size).toBe(methods.length);
  });

  it("makes each role before the user that has it", () => {
    const paths = stepsOf(JAEGER).map(([, path]) => path);
    for (const name of ["logstash", "otel", "grafana", "jaeger"]) {
      expect(paths.indexOf(`_security/role/${name}`)).toBeGreaterThanOrEqual(0);
      expect(paths.indexOf(`_security/role/${name}`)).toBeLessThan(paths.indexOf(`_security/user/${name}`));
    }
  });

  it("removes the users that this configuration does not have", () => {
    const removed = (written: Written) =>
      stepsOf(written).flatMap(([method, path]) => (method === "DELETE" ? [path] : []));
    expect(removed({ logstash: true })).toEqual([
      "_security/user/filebeat",
      "_security/role/filebeat",
      "_security/user/jaeger",
      "_security/role/jaeger",
      "_security/user/jaeger-cleaner",
      "_security/role/jaeger-cleaner",
    ]);
    expect(removed({ logstash: false, ...JAEGER })).toEqual(["_security/user/logstash", "_security/role/logstash"]);
  });

  it("lets each writer add to its own stream alone", () => {
    const writer = (stream: string) => [{ names: [stream], privileges: ["create_doc", "auto_configure"] }];
    expect(roleOf("logstash").indices).toEqual(writer("logs-pyairtable-staging"));
    expect(roleOf("filebeat", { logstash: false }).indices).toEqual(writer("logs-pyairtable-staging"));
    expect(roleOf("otel").indices).toEqual(writer("logs-pyairtable.otlp-staging"));
  });

  it("lets Grafana read lines, and Jaeger have its own indices", () => {
    expect(roleOf("grafana").indices).toEqual([
      { names: ["logs-pyairtable*-staging"], privileges: ["read", "view_index_metadata"] },
    ]);
    expect(roleOf("jaeger", JAEGER).indices.map(({ names }) => names)).toEqual([["jaeger-*"]]);
  });

  it("lets the nightly job delete Jaeger's indices, which Jaeger itself may not", () => {
    expect(roleOf("jaeger", JAEGER).indices[0]).toMatchObject({
      privileges: expect.not.arrayContaining(["delete_index"]) as unknown,
    });
    expect(roleOf("jaeger-cleaner", JAEGER)).toEqual({
      cluster: ["monitor"],
      indices: [{ names: ["jaeger-*"], privileges: ["view_index_metadata", "monitor", "delete_index"] }],
    });
  });

  it("gives no role more of the cluster than looking at it, but for Jaeger's templates", () => {
    const written = JAEGER;
    const cluster = ["logstash", "otel", "grafana", "jaeger"].map((name) => roleOf(name, written).cluster);
    expect(cluster).toEqual([["monitor"], ["monitor"], ["monitor"], ["monitor", "manage_index_templates"]]);
  });

  it("lets the user for backups make snapshots and make room for them, and neither read nor write a line", () => {
    expect(roleOf("backup").cluster).toEqual([
      "monitor",
      "cluster:admin/repository/*",
      "cluster:admin/snapshot/*",
      "indices:admin/index_template/get",
    ]);
    expect(roleOf("backup").indices.flatMap(({ privileges }) => privileges)).toEqual([
      "view_index_metadata",
      "delete_index",
    ]);
  });

  it("lets the exporter count the lines of this stack and see their lifecycle, and neither read nor write one", () => {
    expect(roleOf("exporter")).toEqual({
      cluster: ["monitor", "read_ilm"],
      indices: [{ names: ["logs-pyairtable*-staging"], privileges: ["monitor", "view_index_metadata"] }],
    });
  });

  it("has passwords only in secret files, each for its user", async () => {
    const files = await secretFilesOf(setupFor());
    const passwords = Object.entries(files).flatMap(([path, text]) =>
      path.endsWith(".json") ? [[path, (JSON.parse(text) as { password: string }).password]] : [],
    );
    expect(Object.fromEntries(passwords)).toEqual({
      "secrets/kibana_system.json": "secretmark-elasticsearch-kibana_system",
      "secrets/user-logstash.json": "secretmark-elasticsearch-logstash",
      "secrets/user-otel.json": "secretmark-elasticsearch-otel",
      "secrets/user-grafana.json": "secretmark-elasticsearch-grafana",
      "secrets/user-backup.json": "secretmark-elasticsearch-backup",
      "secrets/user-exporter.json": "secretmark-elasticsearch-exporter",
      "secrets/user-kibana-setup.json": "secretmark-elasticsearch-kibana-setup",
    });
  });

  it("tells curl a password with any characters", async () => {
    const files = await secretFilesOf(setupFor({ "elasticPassword!": 'quo"te and back\\slash' }));
    expect(files["secrets/curl.conf"]).toBe(
      'user = "elastic:quo\\"te and back\\\\slash"\ncacert = "/etc/elasticsearch-setup/secrets/ca.crt"\n',
    );
  });
});

describe("the lifecycle of the lines", () => {
  const phasesOf = (written: Written) => {
    type Policy = { policy: { phases: Record<string, { min_age: string; actions: object }> } };
    return jsonOf<Policy>(setupFor(written), "bodies/lifecycle.json").policy.phases;
  };
  const ages = (written: Written) => Object.entries(phasesOf(written)).map(([name, { min_age }]) => [name, min_age]);

  it.each([
    ["30d", "72h", "288h", "720h"],
    ["7d", "17h", "67h", "168h"],
    ["1d", "2h", "10h", "24h"],
  ])("has all its phases follow from a retention of %s", (elasticsearchRetention, warm, cold, deletion) => {
    expect(ages({ elasticsearchRetention })).toEqual([
      ["hot", "0ms"],
      ["warm", warm],
      ["cold", cold],
      ["delete", deletion],
    ]);
  });

  it("has phases begin at the ages that are given", () => {
    expect(ages({ elasticsearchPhases: { warm: "36h", cold: "20d" } })).toEqual([
      ["hot", "0ms"],
      ["warm", "36h"],
      ["cold", "480h"],
      ["delete", "720h"],
    ]);
  });

  it("begins a new index each day, merges the old ones and deletes them", () => {
    const { hot, warm, delete: deletion } = phasesOf({});
    expect(hot?.actions).toMatchObject({ rollover: { max_age: "1d" } });
    expect(warm?.actions).toMatchObject({ readonly: {}, forcemerge: { max_num_segments: 1 } });
    expect(deletion?.actions).toEqual({ delete: {} });
  });
});

describe("the template of the lines", () => {
  type Template = { index_patterns: string[]; data_stream: object; template: { settings: Record<string, unknown> } };
  const templateFor = (written: Written = {}) => jsonOf<Template>(setupFor(written), "bodies/index-template.json");

  it("is for both streams of this environment", () => {
    expect(templateFor()).toMatchObject({
      index_patterns: ["logs-pyairtable-staging", "logs-pyairtable.otlp-staging"],
      data_stream: {},
    });
  });

  it("has a copy on another node where there is one", () => {
    const copies = (written: Written) => templateFor(written).template.settings["index.number_of_replicas"];
    expect(copies({})).toBe(0);
    expect(copies({ platform: "kubernetes", replicas: { elasticsearch: 3 } })).toBe(1);
  });

  it("compresses, and is deleted by the lifecycle", () => {
    expect(templateFor().template.settings).toMatchObject({
      "index.codec": "best_compression",
      "index.lifecycle.name": "pyairtable-logs",
    });
    expect(stepsOf().map(([, path]) => path)).toContain("_ilm/policy/pyairtable-logs");
  });
});
