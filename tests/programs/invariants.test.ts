import { describe, expect, it } from "vitest";

import { INTERNET, SERVICES, type Workload } from "../../components/platform/workload";
import { workloadsOf } from "../../components/programs";
import { DEFAULT_RESOURCES, type ProgramName } from "../../components/settings/defaults";
import { settingsFor } from "../support/settings";
import { addressesOf } from "./addresses";
import { EVERYTHING, SECRET, programsFor, secretFilesOf } from "./support";

/** Limits unlike the defaults and unlike each other's, so that a mix-up shows. */
const RESOURCES = Object.fromEntries(
  Object.keys(DEFAULT_RESOURCES).map((name, index) => [
    name,
    { memory: `${600 + index}Mi`, cpu: `${index + 1}`, heap: `${500 + index}Mi` },
  ]),
);

const written = { ...EVERYTHING, resources: RESOURCES };
const settings = settingsFor(written);
const workloads = workloadsOf(programsFor(written));
const byName = new Map(workloads.map((workload) => [workload.name, workload]));
const each = workloads.map((workload) => [workload.name, workload] as const);

/** Programs that run as root, each for the reasons that its privileges give. */
const ROOT = ["promtail", "cadvisor"];

/** Addresses of the monitored platform that the settings give. */
const outside = [
  ...settings.services.map(({ address }) => address),
  settings.redis.address,
  settings.postgres.address,
  "mail.example.org:587",
];

const publishedBy = ({ ports }: Workload) =>
  ports.flatMap(({ reach }) => ("published" in reach && reach.published !== undefined ? [reach.published] : []));

describe("the programs together", () => {
  it("are those that have limits in the settings, each once", () => {
    expect(workloads.map(({ name }) => name).sort()).toEqual(Object.keys(DEFAULT_RESOURCES).sort());
  });

  it("publish each port of the host once", () => {
    const ports = workloads.flatMap(publishedBy);
    expect(ports.sort((a, b) => a - b)).toEqual([3001, 3100, 4317, 4318, 8080, 9090, 9093, 9100, 16_686]);
  });

  it("publish nothing but what an operator opens, when no one asks for more", () => {
    for (const { name, ports } of workloadsOf(programsFor())) {
      const published = ports.filter(({ reach }) => "published" in reach && reach.published !== undefined);
      expect(published.filter(({ reach }) => reach.from !== "operator").map((port) => `${name} ${port.name}`)).toEqual(
        [],
      );
    }
  });

  it("are root only where it is listed", () => {
    expect(workloads.filter(({ runsAs }) => runsAs.uid === 0).map(({ name }) => name)).toEqual(ROOT);
  });

  it("name each volume once", () => {
    const names = workloads.flatMap(({ data = [] }) => data.map(({ name }) => name));
    expect(names.sort()).toEqual(Object.keys(settings.storage).sort());
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

  it("has the limits and the heap of the settings", () => {
    const { memory, cpu, heap } = settings.resources[name as ProgramName];
    expect(workload.resources).toMatchObject({ memory, cpu });
    expect(memory).toBeGreaterThanOrEqual(600 * 2 ** 20);
    expect(workload.env?.GOMEMLIMIT).toBe(`${heap / 2 ** 20}MiB`);
  });

  it("keeps volumes of the size that the settings give", () => {
    for (const { name: volume, size } of workload.data ?? []) {
      expect(size).toBe(settings.storage[volume as keyof typeof settings.storage]);
    }
  });

  it("is checked and scraped at ports that it has", () => {
    const ports = workload.ports.map(({ number }) => number);
    expect(ports).toContain(workload.health.port);
    expect(ports).toContain(workload.metrics?.port);
    expect(workload.health.startupSeconds).toBeGreaterThan(0);
  });

  it("gives a reason for every privilege, and has none unless it works on a whole machine", () => {
    const { placement, privileges = [], runsAs } = workload;
    for (const { reason } of privileges) expect(reason.length).toBeGreaterThan(10);
    expect(privileges.length > 0).toBe(placement.kind === "every-node");
    if (runsAs.uid === 0) expect(privileges.length).toBeGreaterThan(0);
  });

  it("talks to programs that exist, and not to itself", () => {
    const known = [...byName.keys(), SERVICES, INTERNET];
    expect(workload.talksTo.filter((peer) => !known.includes(peer) || peer === name)).toEqual([]);
    expect(new Set(workload.talksTo).size).toBe(workload.talksTo.length);
  });

  it("names only addresses of those it talks to, at ports that they have", () => {
    const allowed = workload.talksTo.flatMap((peer) => {
      if (peer === SERVICES || peer === INTERNET) return outside;
      return byName.get(peer)?.ports.map(({ number }) => `${peer}:${number}`) ?? [];
    });
    const stray = addressesOf(workload).filter(({ host, port }) => !allowed.includes(`${host}:${port}`));
    expect(stray).toEqual([]);
  });
});

describe("addresses in the configurations", () => {
  const hosts = (name: string) =>
    [...new Set(addressesOf(byName.get(name) as Workload).map(({ host, port }) => `${host}:${port}`))].sort();

  it("are found in every form, so that the check above means something", () => {
    expect(hosts("otel-collector")).toEqual(["jaeger:4317", "loki:3100", "prometheus:9090"]);
    expect(hosts("grafana")).toEqual(["alertmanager:9093", "jaeger:16686", "loki:3100", "prometheus:9090"]);
    expect(hosts("promtail")).toEqual(["loki:3100"]);
    expect(hosts("jaeger")).toEqual(["prometheus:9090"]);
    expect(hosts("alertmanager")).toEqual(["mail.example.org:587"]);
    expect(hosts("redis-exporter")).toEqual(["redis:6379"]);
    expect(hosts("postgres-exporter")).toEqual(["postgres:5432"]);
    expect(hosts("prometheus")).toHaveLength(8 + 10);
  });

  it.each(each)("%s talks to no program that its configuration does not name", (name, workload) => {
    const peers = workload.talksTo.filter((peer) => byName.has(peer));
    const named = addressesOf(workload).map(({ host }) => host);
    expect(peers.filter((peer) => !named.includes(peer))).toEqual([]);
    expect(byName.has(name)).toBe(true);
  });
});
