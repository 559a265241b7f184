import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import { INTERNET, OUTSIDE, SERVICES, type Workload } from "../../components/platform/workload";
import { serviceAddress } from "../../components/programs/addresses";
import { workloadsOf } from "../../components/programs";
import { DEFAULT_RESOURCES, JAVA_PROGRAMS, type ProgramName } from "../../components/settings/defaults";
import { stackFile } from "../support/stack-file";
import { settingsFor, type Written } from "../support/settings";
import { addressesOf } from "./addresses";
import { EVERYTHING, SECRET, programsFor, secretFilesOf } from "./support";

/** Limits unlike the defaults and unlike each other's, so that a mix-up shows. */
const RESOURCES = Object.fromEntries(
  Object.keys(DEFAULT_RESOURCES).map((name, index) => [
    name,
    { memory: `${600 + index}Mi`, cpu: `${index + 1}`, heap: `${200 + index}Mi` },
  ]),
);

const LOKI = ["loki", "promtail"];
const ELK = [
  ...["elasticsearch", "elasticsearch-exporter", "elasticsearch-setup"],
  ...["filebeat", "kibana", "kibana-setup", "logstash"],
];
const ALWAYS = [
  ...["alertmanager", "grafana", "jaeger", "node-exporter"],
  ...["otel-collector", "postgres-exporter", "prometheus", "redis-exporter"],
];

/** Programs that run as root, each for the reasons that its privileges give. */
const ROOT = ["cadvisor", "filebeat", "promtail"];

/** Without the ports of OTLP, which no stack with a front door publishes. */
const DOOR: Written = { frontDoor: { domain: "localhost" }, "otlpToken!": `${SECRET}-of-otlp`, ports: {} };

/** With all that lies outside the stack's own machines. */
const SCALED: Written = {
  lokiObjectStorage: {
    endpoint: "https://s3.example.org:9000",
    bucket: "lines",
    from: "2026-01-31",
    accessKeyId: "id",
  },
  "lokiObjectStorageSecretKey!": `${SECRET}-of-s3`,
  kafka: { brokers: ["kafka-0.example.org:9093", "kafka:9093"], user: "collector" },
  "kafkaPassword!": `${SECRET}-of-kafka`,
};

/** Each kind of stack, with the programs that it is made of. */
const VARIANTS: readonly (readonly [string, Written, readonly string[]])[] = [
  ["loki on Docker", {}, [...ALWAYS, "cadvisor", ...LOKI]],
  ["elk on Docker", { logging: "elk" }, [...ALWAYS, "cadvisor", ...ELK]],
  [
    "elk without Logstash on Docker",
    { logging: "elk", logstash: false },
    [...ALWAYS, "cadvisor", ...ELK.filter((name) => name !== "logstash")],
  ],
  ["both on Docker", { logging: "both" }, [...ALWAYS, "cadvisor", ...LOKI, ...ELK]],
  ["loki on Kubernetes", { platform: "kubernetes" }, [...ALWAYS, ...LOKI]],
  ["both on Kubernetes", { platform: "kubernetes", logging: "both" }, [...ALWAYS, ...LOKI, ...ELK]],
  ["Docker with Kafka and object storage", SCALED, [...ALWAYS, "cadvisor", ...LOKI]],
  [
    "Kubernetes with Kafka and object storage",
    { ...SCALED, platform: "kubernetes", collectorGateway: true },
    [...ALWAYS, ...LOKI, "otel-gateway"],
  ],
  ["Docker with a front door", DOOR, [...ALWAYS, "cadvisor", ...LOKI, "front-door"]],
  [
    "both on Docker with a front door",
    { ...DOOR, logging: "both" },
    [...ALWAYS, "cadvisor", ...LOKI, ...ELK, "front-door"],
  ],
  [
    "production",
    {
      ...stackFile("prod"),
      ...DOOR,
      ingress: { domain: "localhost" },
      elasticsearchSnapshots: { storageClass: "nfs" },
    },
    [...ALWAYS, ...ELK, "jaeger-index-cleaner", "otel-gateway", "front-door"],
  ],
];

describe.each(VARIANTS)("the programs of %s", (_, variant, programs) => {
  const written = { ...EVERYTHING, ...variant, resources: RESOURCES };
  const settings = settingsFor(written);
  const workloads = workloadsOf(programsFor(written));
  const byName = new Map(workloads.map((workload) => [workload.name, workload]));
  const each = workloads.map((workload) => [workload.name, workload] as const);
  const limited = each.filter(([name]) => name in DEFAULT_RESOURCES);
  const lasting = each.filter(([, { placement }]) => placement.kind !== "once" && placement.kind !== "scheduled");

  /** Addresses of the monitored platform that the settings give. */
  const outside = [
    ...[...settings.services.map(({ address }) => address), settings.redis.address, settings.postgres.address].map(
      (address) => serviceAddress(settings, address),
    ),
    ...(settings.grafana.database ? [serviceAddress(settings, settings.grafana.database.address)] : []),
    ...(settings.kafka?.brokers ?? []).map((broker) => serviceAddress(settings, broker)),
    ...(settings.loki?.objectStorage ? [new URL(settings.loki.objectStorage.endpoint).host] : []),
    "mail.example.org:587",
  ];

  it("are these, each once", () => {
    expect(workloads.map(({ name }) => name).sort()).toEqual([...programs].sort());
  });

  it("publish each port of the host once", () => {
    const ports = workloads.flatMap(publishedBy);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it("are root only where it is listed", () => {
    const root = workloads.filter(({ runsAs }) => runsAs.uid === 0).map(({ name }) => name);
    expect(root.filter((name) => !ROOT.includes(name))).toEqual([]);
  });

  it("name each volume once", () => {
    const names = workloads.flatMap(({ data = [] }) => data.map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !(name in settings.storage))).toEqual([]);
  });

  it("come after programs that are deployed before them", () => {
    workloads.forEach(({ name, after = [] }, index) => {
      const earlier = workloads.slice(0, index).map((workload) => workload.name);
      expect([name, after.filter((wanted) => !earlier.includes(wanted))]).toEqual([name, []]);
    });
  });

  describe.each(each)("%s", (name, workload) => {
    it("has no secret in its environment, its arguments or a plain file", () => {
      const { args, env, files } = workload;
      const plain = files?.entries.filter(({ secret }) => !secret);
      expect(JSON.stringify({ args, env, plain })).not.toContain(SECRET);
    });

    it("marks its secret files as such", async () => {
      for (const text of Object.values(await secretFilesOf(workload))) expect(text).toContain(SECRET);
    });

    it("has every file once, inside its directory", () => {
      const paths = (workload.files?.entries ?? []).map(({ path }) => path);
      expect(new Set(paths).size).toBe(paths.length);
      expect(paths.filter((path) => path.startsWith("/") || path.includes(".."))).toEqual([]);
    });

    it("keeps volumes of the size that the settings give", () => {
      for (const { name: volume, size } of workload.data ?? []) {
        expect(size).toBe(settings.storage[volume as keyof typeof settings.storage]);
      }
    });

    it("gives a reason for every privilege and every right on the cluster, and is root only with one", () => {
      const { placement, privileges = [], clusterAccess = [], runsAs } = workload;
      for (const { reason } of [...privileges, ...clusterAccess]) expect(reason.length).toBeGreaterThan(10);
      if (privileges.some(({ kind }) => kind !== "capability")) expect(placement.kind).toBe("every-node");
      if (runsAs.uid === 0) expect(privileges.length).toBeGreaterThan(0);
    });

    it("talks to programs that exist, and to itself only as one of several", () => {
      const known = [...byName.keys(), ...OUTSIDE];
      expect(workload.talksTo.filter((peer) => !known.includes(peer))).toEqual([]);
      expect(new Set(workload.talksTo).size).toBe(workload.talksTo.length);
      if (workload.talksTo.includes(name)) expect(workload.placement.kind).toBe("replicated");
    });

    it("names only addresses of those it talks to, at ports that they have", () => {
      const allowed = workload.talksTo.flatMap((peer) => {
        if (peer === SERVICES || peer === INTERNET) return outside;
        return byName.get(peer)?.ports.map(({ number }) => `${peer}:${number}`) ?? [];
      });
      const stray = addressesOf(workload).map(({ host, port }) => `${programOf(host)}:${port}`);
      expect(stray.filter((address) => !allowed.includes(address))).toEqual([]);
    });

    it("talks to no program that its configuration does not name", async () => {
      const peers = workload.talksTo.filter((peer) => byName.has(peer));
      const secret = Object.entries(await secretFilesOf(workload)).map(([path, content]) => ({ path, content }));
      const files = { directory: "", entries: [...(workload.files?.entries ?? []), ...secret] };
      const named = addressesOf({ ...workload, files }).map(({ host }) => programOf(host));
      // On a cluster Prometheus finds programs by their pods' label.
      const found = settings.kubernetes && name === "prometheus" ? [...byName.keys()] : named;
      expect(peers.filter((peer) => !found.includes(peer))).toEqual([]);
    });
  });

  it.each(lasting)("%s is checked and scraped at ports that it has", (_name, { ports, health, metrics }) => {
    const numbers = ports.map(({ number }) => number);
    expect(numbers).toContain(health.port);
    if (metrics) expect(numbers).toContain(metrics.port);
    expect(health.startupSeconds).toBeGreaterThan(0);
  });

  it.each(limited)("%s has the limits and the heap of the settings", (name, workload) => {
    const { memory, cpu, heap } = settings.resources[name as ProgramName];
    expect(workload.resources).toMatchObject({ memory, cpu });
    expect(memory).toBeGreaterThanOrEqual(600 * 2 ** 20);
    const java = JAVA_PROGRAMS.some((program) => program === name);
    if (!java && name !== "kibana") expect(workload.env?.GOMEMLIMIT).toBe(`${heap / 2 ** 20}MiB`);
  });
});

/**
 * The program that a host name belongs to: a replica's begins with its own, and ends with its program's, or for those who are in
 * another namespace with its own one.
 */
function programOf(host: string): string {
  return host.replace(/^(.+)-\d+\.\1-replicas(\.[a-z-]+)?$/, "$1");
}

function publishedBy({ ports }: Workload): number[] {
  return ports.flatMap(({ reach }) => ("published" in reach && reach.published !== undefined ? [reach.published] : []));
}

describe("published ports", () => {
  it("are the front door's alone, where there is one", () => {
    expect(workloadsOf(programsFor({ ...EVERYTHING, ...DOOR })).flatMap(publishedBy)).toEqual([8443]);
  });

  it("are the guide's and those that are asked for", () => {
    const ports = workloadsOf(programsFor(EVERYTHING)).flatMap(publishedBy);
    expect(ports.sort((a, b) => a - b)).toEqual([3001, 3100, 4317, 4318, 8080, 9090, 9093, 9100, 16_686]);
  });

  it("are only for what an operator opens, when no one asks for more", () => {
    for (const { name, ports } of workloadsOf(programsFor({ logging: "both" }))) {
      const published = ports.filter(({ reach }) => "published" in reach && reach.published !== undefined);
      expect(published.filter(({ reach }) => reach.from !== "operator").map((port) => `${name} ${port.name}`)).toEqual(
        [],
      );
    }
  });
});

describe("the table of images", () => {
  it("has those that programs run, and the helper's alone beside them", () => {
    const run = VARIANTS.flatMap(([, variant]) => workloadsOf(programsFor({ ...EVERYTHING, ...variant })));
    const used = new Set(run.map(({ image }) => image.reference));
    const others = Object.entries(images).filter(([, { reference }]) => !used.has(reference));
    expect(others.map(([name]) => name)).toEqual(["busybox"]);
  });
});

describe("addresses in the configurations", () => {
  const byName = new Map(workloadsOf(programsFor(EVERYTHING)).map((workload) => [workload.name, workload]));
  const hosts = (name: string) =>
    [...new Set(addressesOf(byName.get(name) as Workload).map(({ host, port }) => `${host}:${port}`))].sort();

  it("are found in every form, so that the checks above mean something", () => {
    expect(hosts("otel-collector")).toEqual(["jaeger:4317", "loki:3100", "prometheus:9090"]);
    expect(hosts("grafana")).toEqual(["alertmanager:9093", "jaeger:16686", "loki:3100", "prometheus:9090"]);
    expect(hosts("promtail")).toEqual(["loki:3100"]);
    expect(hosts("jaeger")).toEqual(["prometheus:9090"]);
    expect(hosts("alertmanager")).toEqual(["mail.example.org:587"]);
    expect(hosts("redis-exporter")).toEqual(["redis:6379"]);
    expect(hosts("postgres-exporter")).toEqual(["postgres:5432"]);
    expect(hosts("prometheus")).toHaveLength(8 + 10);
  });
});
