/** A stack with one of everything that the Kubernetes adapter makes, for the real engine and a real API server. */
import * as pulumi from "@pulumi/pulumi";

import { createPlatform } from "../../components/platform";
import { CLUSTER_API, INTERNET, NODES, SERVICES, type Workload } from "../../components/platform/workload";
import { settingsFor } from "../support/settings";
import { TINY } from "./contract-cases";

const GIB = 2 ** 30;
const http = { name: "http", number: 8080 };

function workloads(content: string): Workload[] {
  const store: Workload = {
    ...TINY,
    name: "store",
    ports: [{ ...http, reach: { from: "peers" } }],
    placement: { kind: "replicated", replicas: 3, spread: "required" },
    placeEnv: { NODE: "node-name", REPLICA: "replica-name", ADDRESS: "replica-address" },
    data: [{ name: "data", path: "/data", size: GIB }],
    files: {
      directory: "/etc/store",
      entries: [{ path: "secrets/password", content: pulumi.secret("a password"), secret: true }],
    },
    talksTo: ["store"],
  };
  const setup: Workload = { ...TINY, name: "setup", placement: { kind: "once" }, talksTo: ["store"], after: ["store"] };
  const web: Workload = {
    ...TINY,
    name: "web",
    args: ["--price=$5"],
    env: { ZONE: "z" },
    ports: [{ ...http, reach: { from: "operator", published: 8080, login: true } }],
    placement: { kind: "replicated", replicas: 2 },
    files: {
      directory: "/etc/web",
      entries: [
        { path: "web.yaml", content },
        { path: "rules/one.yaml", content: "a: 1\n" },
      ],
    },
    scratch: [{ path: "/tmp", size: 16 * 2 ** 20 }],
    health: { port: 8080, check: "outside", startupSeconds: 30 },
    talksTo: ["store", SERVICES, INTERNET, CLUSTER_API, NODES],
    after: ["setup"],
    clusterAccess: [{ apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list"], reason: "finds targets" }],
  };
  const collector: Workload = {
    ...TINY,
    name: "collector",
    ports: [{ ...http, reach: { from: "services" } }],
    placement: { kind: "every-node", local: true },
    talksTo: ["store"],
  };
  const agent: Workload = {
    ...TINY,
    name: "agent",
    runsAs: { uid: 0, gid: 0 },
    ports: [{ ...http, reach: { from: "peers" } }],
    placement: { kind: "every-node" },
    data: [{ name: "positions", path: "/var/lib/agent", size: GIB }],
    privileges: [
      { kind: "host-path", hostPath: "/var/log", path: "/var/log", reason: "reads logs" },
      { kind: "host-processes", reason: "counts them" },
      { kind: "capability", name: "SYS_PTRACE", reason: "sees them" },
    ],
    talksTo: ["store"],
  };
  const cleaner: Workload = {
    ...TINY,
    name: "cleaner",
    placement: { kind: "scheduled", schedule: "55 23 * * *" },
    talksTo: ["store"],
  };
  return [store, setup, web, collector, agent, cleaner];
}

/** @param content of a file of one program, so that a run can change it. */
export async function deployOneOfEach(written: Readonly<Record<string, unknown>>, content: string) {
  const all = workloads(content);
  const platform = await createPlatform(settingsFor({ platform: "kubernetes", ...written }), all);
  const parent = new pulumi.ComponentResource("test:index:Part", "part");
  const deployed = all.map((workload) => platform.deploy(`part-${workload.name}`, workload, { parent }));
  return { handles: deployed.map(({ handle }) => handle), urls: deployed.map(({ urls }) => urls) };
}
