import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import { CLUSTER_API } from "../../components/platform/workload";
import type { Written } from "../support/settings";
import { elkProgramsFor } from "./elk-support";
import { factsOf, pathsOf, secretFilesOf, yamlOf } from "./support";

interface Config {
  readonly "filebeat.inputs": readonly { id: string; type: string; paths: string[] }[];
  readonly processors: readonly Readonly<Record<string, { file?: string }>>[];
  readonly fields: object;
  readonly "path.data": string;
  readonly "http.port": number;
  readonly "output.elasticsearch"?: object;
  readonly "output.logstash"?: { hosts: string[]; loadbalance: boolean; ssl: Record<string, unknown> };
}

const ALONE: Written = { logstash: false };
const CLUSTER: Written = { platform: "kubernetes" };

const filebeatFor = (written: Written = {}) => elkProgramsFor(written).filebeat;
const configFor = (written: Written = {}) => yamlOf<Config>(filebeatFor(written), "filebeat.yml");

describe("filebeat", () => {
  it("is placed as its image and its callers need it", () => {
    expect(filebeatFor().image).toBe(images.filebeat);
    expect(factsOf(filebeatFor())).toEqual({
      name: "filebeat",
      user: "0:0",
      ports: ["http 5066 from peers"],
      metrics: undefined,
      data: ["/var/lib/filebeat 1Gi"],
      scratch: ["/tmp 16Mi"],
      health: {
        path: "/",
        port: 5066,
        check: ["curl", "-fs", "-o", "/dev/null", "http://127.0.0.1:5066/"],
        startupSeconds: 60,
      },
      placement: "every-node",
      talksTo: ["logstash"],
    });
  });

  it("remembers on its volume how far it has read, and answers where it is asked", () => {
    expect(configFor()["path.data"]).toBe(filebeatFor().data?.[0]?.path);
    expect(configFor()["http.port"]).toBe(filebeatFor().health.port);
  });

  it("puts the environment on every line", () => {
    expect(configFor({ environment: "staging" })).toMatchObject({
      fields: { environment: "staging" },
      fields_under_root: true,
    });
  });

  it("reads the same in a line on both platforms, and finds its place by the platform's own way", () => {
    const scripts = (written: Written) => configFor(written).processors.flatMap(({ script }) => script?.file ?? []);
    expect(scripts({})).toEqual(["/etc/filebeat/docker.js", "/etc/filebeat/line.js"]);
    expect(scripts(CLUSTER)).toEqual(["/etc/filebeat/kubernetes.js", "/etc/filebeat/line.js"]);
    expect(configFor(CLUSTER).processors.at(-1)).toEqual(configFor().processors.at(-1));
    for (const written of [{}, CLUSTER]) {
      const files = scripts(written).map((file) => file.replace("/etc/filebeat/", ""));
      expect(pathsOf(filebeatFor(written))).toEqual(expect.arrayContaining(files));
    }
  });

  it("reads only directories that it may see", () => {
    for (const written of [{}, CLUSTER]) {
      const seen = filebeatFor(written).privileges?.flatMap((given) => (given.kind === "host-path" ? given.path : []));
      const [input] = configFor(written)["filebeat.inputs"];
      expect(input?.type).toBe("filestream");
      for (const path of input?.paths ?? []) expect(seen?.some((root) => path.startsWith(`${root}/`))).toBe(true);
    }
  });

  it("asks the cluster for pods and nothing else", () => {
    expect(filebeatFor().clusterAccess).toBeUndefined();
    expect(filebeatFor(CLUSTER).clusterAccess).toMatchObject([{ apiGroups: [""], resources: ["pods"] }]);
    expect(filebeatFor(CLUSTER).placeEnv).toEqual({ NODE_NAME: "node-name" });
    expect(configFor(CLUSTER).processors[0]).toMatchObject({ add_kubernetes_metadata: { host: "${NODE_NAME}" } });
    expect(filebeatFor(CLUSTER).talksTo).toEqual(["logstash", CLUSTER_API]);
  });
});

describe("filebeat's output", () => {
  it("is Logstash where there is one, with a certificate on either side", async () => {
    const { "output.logstash": output, ...rest } = configFor();
    expect(output).toMatchObject({ hosts: ["logstash:5044"], ssl: { verification_mode: "full" } });
    expect(rest).not.toHaveProperty("output.elasticsearch");
    expect(Object.keys(await secretFilesOf(filebeatFor()))).toEqual([
      "secrets/ca.crt",
      "secrets/filebeat.crt",
      "secrets/filebeat.key",
    ]);
  });

  it("is every copy of Logstash, by a name that leads to it from another namespace and is in its certificate", async () => {
    const written = { ...CLUSTER, namespace: "watch", replicas: { logstash: 2 } };
    const hosts = [0, 1].map((copy) => `logstash-${copy}.logstash-replicas.watch`);
    expect(configFor(written)["output.logstash"]).toMatchObject({
      hosts: hosts.map((host) => `${host}:5044`),
      loadbalance: true,
    });
    const { logstash } = elkProgramsFor(written);
    const certificate = (await secretFilesOf(logstash!))["secrets/logstash.crt"];
    for (const host of hosts) expect(certificate).toContain(host);
  });

  it("is Elasticsearch where there is none, with the password in a file of its own", async () => {
    expect(configFor({ ...ALONE, environment: "staging" })["output.elasticsearch"]).toMatchObject({
      hosts: ["https://elasticsearch:9200"],
      username: "filebeat",
      index: "logs-pyairtable-staging",
      ssl: { verification_mode: "full" },
    });
    expect(configFor(ALONE)).not.toHaveProperty("output.logstash");
    expect(filebeatFor(ALONE).args).toContain("/etc/filebeat/secrets/output.yml");
    expect(filebeatFor().args).not.toContain("/etc/filebeat/secrets/output.yml");
    expect(load((await secretFilesOf(filebeatFor(ALONE)))["secrets/output.yml"] as string)).toEqual({
      "output.elasticsearch.password": "secretmark-elasticsearch-filebeat",
    });
    expect(filebeatFor(ALONE)).toMatchObject({ talksTo: ["elasticsearch"], after: ["elasticsearch-setup"] });
  });

  it("leaves templates and lifecycles to the set-up", () => {
    expect(configFor(ALONE)).toMatchObject({ "setup.template.enabled": false, "setup.ilm.enabled": false });
  });
});
