import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { elkProgramsFor } from "./elk-support";
import { factsOf, pathsOf, secretFilesOf, textOfFile, yamlOf } from "./support";

const CLUSTER: Written = { platform: "kubernetes", replicas: { elasticsearch: 3 }, spread: "required" };

const elasticsearchFor = (written: Written = {}) => elkProgramsFor(written).elasticsearch;
const configFor = (written: Written = {}) =>
  yamlOf<Record<string, unknown>>(elasticsearchFor(written), "elasticsearch.yml");

describe("the folder of Elasticsearch's snapshots", () => {
  const folderOf = (written: Written) => elasticsearchFor(written).data?.find(({ name }) => /snapshots/.test(name));

  it("is a volume of its own, which Elasticsearch may write snapshots to", () => {
    expect(configFor()["path.repo"]).toEqual([folderOf({})?.path]);
  });

  it("is none for several nodes that share none", () => {
    expect(folderOf(CLUSTER)).toBeUndefined();
    expect(configFor(CLUSTER)).not.toHaveProperty("path.repo");
  });

  it("is one that several nodes share, where the settings name a class of such", () => {
    const sharing: Written = {
      ...CLUSTER,
      elasticsearchSnapshots: { storageClass: "nfs" },
      storage: { "elasticsearch-snapshots": "60Gi" },
    };
    expect(folderOf(sharing)).toMatchObject({ size: 60 * 2 ** 30, shared: { storageClass: "nfs" } });
    expect(configFor(sharing)["path.repo"]).toEqual([folderOf(sharing)?.path]);
  });
});

describe("elasticsearch", () => {
  it("is placed as its image and its callers need it", () => {
    expect(elasticsearchFor().image).toBe(images.elasticsearch);
    expect(factsOf(elasticsearchFor())).toEqual({
      name: "elasticsearch",
      user: "1000:0",
      ports: ["https 9200 from peers", "transport 9300 from peers", "readiness 9400 from peers"],
      metrics: undefined,
      data: ["/usr/share/elasticsearch/data 20Gi", "/usr/share/elasticsearch/snapshots 20Gi"],
      scratch: ["/tmp 64Mi", "/usr/share/elasticsearch/logs 16Mi"],
      health: {
        port: 9400,
        alive: 9200,
        check: ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9400"],
        startupSeconds: 180,
      },
      placement: "single",
      talksTo: [],
    });
    expect(elasticsearchFor().args).toEqual([
      "bash",
      "/etc/elasticsearch/start.sh",
      "/etc/elasticsearch",
      "/tmp/config",
    ]);
    expect(pathsOf(elasticsearchFor())).toEqual([
      "start.sh",
      "elasticsearch.yml",
      "jvm.options",
      "secrets/ca.crt",
      "secrets/node.crt",
      "secrets/node.key",
      "secrets/elastic-password",
      "secrets/reader.conf",
      "secrets/backup.conf",
    ]);
  });

  it("listens at the ports that the contract names", () => {
    const config = configFor();
    expect([config["http.port"], config["transport.port"], config["readiness.port"]]).toEqual(
      elasticsearchFor().ports.map(({ number }) => number),
    );
  });

  it("is one node by itself, under a name that stays", () => {
    expect(configFor()).toMatchObject({ "node.name": "elasticsearch", "discovery.type": "single-node" });
    expect(Object.keys(configFor()).filter((key) => /seed_hosts|initial_master/.test(key))).toEqual([]);
  });

  it("is a cluster of equal nodes that know each other by name", () => {
    expect(elasticsearchFor(CLUSTER).placement).toEqual({ kind: "replicated", replicas: 3, spread: "required" });
    expect(elasticsearchFor(CLUSTER).talksTo).toEqual(["elasticsearch"]);
    const nodes = [0, 1, 2].map((index) => `elasticsearch-${index}`);
    expect(configFor(CLUSTER)).toMatchObject({
      "node.name": "${HOSTNAME}",
      "discovery.seed_hosts": nodes.map((node) => `${node}.elasticsearch-replicas:9300`),
      "cluster.initial_master_nodes": nodes,
    });
    expect(configFor(CLUSTER)).not.toHaveProperty("discovery.type");
  });

  it("has a heap of half its limit that leaves 600 MiB, or of what the settings say, and no more", () => {
    const heapOf = (written: Written) => textOfFile(elasticsearchFor(written), "jvm.options").match(/^-Xm.*$/gm);
    expect(heapOf({})).toEqual(["-Xms424m", "-Xmx424m"]);
    expect(heapOf({ resources: { elasticsearch: { memory: "700Mi" } } })).toEqual(["-Xms175m", "-Xmx175m"]);
    expect(heapOf({ resources: { elasticsearch: { memory: "4Gi" } } })).toEqual(["-Xms2048m", "-Xmx2048m"]);
    expect(heapOf({ resources: { elasticsearch: { memory: "4Gi", heap: "1500Mi" } } })).toEqual([
      "-Xms1500m",
      "-Xmx1500m",
    ]);
  });

  it("encrypts what it says, to clients and between nodes", () => {
    const config = configFor();
    expect(config["xpack.security.enabled"]).toBe(true);
    for (const layer of ["http", "transport"]) {
      expect(config[`xpack.security.${layer}.ssl`]).toMatchObject({
        enabled: true,
        supported_protocols: ["TLSv1.3", "TLSv1.2"],
        key: "certificates/node.key",
      });
    }
    expect(config["xpack.security.transport.ssl"]).toMatchObject({ client_authentication: "required" });
  });

  it("shows a certificate with every name under which it is reached", async () => {
    expect((await secretFilesOf(elasticsearchFor()))["secrets/node.crt"]).toMatch(/ for elasticsearch$/);
    expect((await secretFilesOf(elasticsearchFor(CLUSTER)))["secrets/node.crt"]).toMatch(
      / for elasticsearch, elasticsearch-0[.]elasticsearch-replicas, .*, elasticsearch-2[.]elasticsearch-replicas$/,
    );
  });

  it("stays writable on a disk that is half full of other things: what must be free is a share of its own volume", () => {
    const freeOf = (written: Written) =>
      Object.entries(configFor(written)).flatMap(([key, value]) => (key.includes("watermark") ? [value] : []));
    expect(freeOf({})).toEqual(["3072mb", "2048mb", "1024mb"]);
    expect(freeOf({ storage: { elasticsearch: "100Gi" } })).toEqual(["15360mb", "10240mb", "5120mb"]);
  });

  it("lets an operator in from inside alone, as users who may do little, with no password on a command line", async () => {
    const files = await secretFilesOf(elasticsearchFor());
    const login = (user: string) =>
      `user = "${user}:secretmark-elasticsearch-${user}"\ncacert = "/etc/elasticsearch/secrets/ca.crt"\n`;
    expect(files["secrets/reader.conf"]).toBe(login("grafana"));
    expect(files["secrets/backup.conf"]).toBe(login("backup"));
  });

  it("fetches nothing from the internet, which it can not reach", () => {
    expect(configFor()["ingest.geoip.downloader.enabled"]).toBe(false);
    expect(configFor(CLUSTER)["ingest.geoip.downloader.enabled"]).toBe(false);
  });

  it("takes the password of elastic that the settings give", async () => {
    const given = elasticsearchFor({ "elasticPassword!": "correct horse battery" });
    expect((await secretFilesOf(given))["secrets/elastic-password"]).toBe("correct horse battery");
  });
});
