import type { Workload } from "../../components/platform/workload";
import * as pulumi from "@pulumi/pulumi";

import type { Written } from "../support/settings";

const MIB = 2 ** 20;

/** The smallest program that there can be. */
export const TINY: Workload = {
  name: "tiny",
  image: { reference: "registry.example/team/tiny:1.2.3" },
  ports: [],
  resources: { memory: 64 * MIB, cpu: 0.25 },
  health: { path: "/ready", port: 80, check: "outside", startupSeconds: 30 },
  placement: { kind: "single" },
  runsAs: { uid: 1000, gid: 2000 },
  talksTo: [],
};

/** A program that says something in one field, with what else it takes to see the effect. */
export interface Case {
  readonly workload: Partial<Workload>;
  readonly peers?: readonly Workload[];
  readonly settings?: Written;
}

const HTTP = { path: "/ready", port: 80 };
const hostPath = { kind: "host-path", hostPath: "/sys", path: "/host/sys", reason: "measures" } as const;

/**
 * Every field of the contract, with the cases in which platforms must do something of their own. A platform's column
 * answers each by name.
 */
export const CASES = {
  name: { "is the host name": { workload: { name: "renamed" } } },
  image: {
    "is used by its reference": { workload: { image: { reference: "registry.example/team/other:4.5.6" } } },
    "owns its directories": {
      workload: {
        image: { reference: "registry.example/team/tiny:1.2.3", ownedPaths: ["/data"] },
        data: [{ name: "tiny", path: "/data", size: 1024 * MIB }],
      },
    },
  },
  args: {
    given: { workload: { args: ["--b=2", "--a=1"] } },
    "left out": { workload: {} },
  },
  env: {
    given: { workload: { env: { ZONE: "z", AREA: "a=b" } } },
    "left out": { workload: {} },
  },
  files: {
    plain: {
      workload: {
        files: {
          directory: "/etc/tiny",
          entries: [
            { path: "tiny.yaml", content: "a: 1\n" },
            { path: "rules/one.yaml", content: "b: 2\n" },
          ],
        },
      },
    },
    secret: {
      workload: {
        files: {
          directory: "/etc/tiny",
          entries: [
            { path: "tiny.yaml", content: "a: 1\n" },
            { path: "marked", content: "plain text that is marked", secret: true },
            { path: "output", content: pulumi.output("an output that is marked"), secret: true },
          ],
        },
      },
    },
    "left out": { workload: {} },
  },
  ports: {
    "from peers": { workload: { ports: [{ name: "http", number: 80, reach: { from: "peers" } }] } },
    "from services": { workload: { ports: [{ name: "http", number: 80, reach: { from: "services" } }] } },
    "from services, published": {
      workload: { ports: [{ name: "http", number: 80, reach: { from: "services", published: 8080 } }] },
    },
    "from an operator": {
      workload: {
        ports: [
          { name: "late", number: 90, reach: { from: "operator", published: 1090 } },
          { name: "early", number: 80, reach: { from: "operator", published: 1080 } },
          { name: "inner", number: 70, reach: { from: "peers" } },
        ],
      },
    },
  },
  metrics: { "need nothing of a platform": { workload: { metrics: { port: 80, path: "/metrics" } } } },
  data: {
    "belongs to the program": { workload: { data: [{ name: "tiny", path: "/data", size: 1024 * MIB }] } },
    "of root": {
      workload: { runsAs: { uid: 0, gid: 0 }, data: [{ name: "tiny", path: "/data", size: 1024 * MIB }] },
    },
  },
  scratch: {
    given: {
      workload: {
        scratch: [
          { path: "/tmp", size: 16 * MIB },
          { path: "/run", size: MIB },
        ],
      },
    },
    "left out": { workload: {} },
  },
  resources: {
    "limit memory and CPU": { workload: { resources: { memory: 100.5 * MIB, cpu: 1 } } },
  },
  health: {
    "by the image's wget": { workload: { health: { ...HTTP, check: "wget", startupSeconds: 90 } } },
    "by a command": { workload: { health: { ...HTTP, check: ["/tiny", "-health"], startupSeconds: 30 } } },
    "from outside": { workload: { health: { ...HTTP, check: "outside", startupSeconds: 30 } } },
  },
  placement: {
    single: { workload: { placement: { kind: "single" } } },
    "one replica": { workload: { placement: { kind: "replicated", replicas: 1 } } },
    "several replicas": { workload: { placement: { kind: "replicated", replicas: 3 } } },
    "every node": { workload: { placement: { kind: "every-node" } } },
  },
  runsAs: { "is the user and the group": { workload: { runsAs: { uid: 472, gid: 0 } } } },
  talksTo: {
    "a program": { workload: { talksTo: ["store"] }, peers: [{ ...TINY, name: "store" }] },
    services: { workload: { talksTo: ["services"] } },
    "services on a network that exists": {
      workload: { talksTo: ["services"] },
      settings: { servicesNetwork: "compose_default" },
    },
    "the internet": { workload: { talksTo: ["internet"] } },
    "no one": { workload: {} },
    "a program that does not exist": { workload: { talksTo: ["nowhere"] } },
  },
  privileges: {
    "host path": { workload: { privileges: [hostPath] } },
    "host processes": { workload: { privileges: [{ kind: "host-processes", reason: "reads /proc" }] } },
    device: { workload: { privileges: [{ kind: "device", path: "/dev/kmsg", reason: "reads the kernel's log" }] } },
    capability: { workload: { privileges: [{ kind: "capability", name: "SYSLOG", reason: "reads /dev/kmsg" }] } },
    none: { workload: {} },
  },
} as const satisfies { readonly [F in keyof Required<Workload>]: Readonly<Record<string, Case>> };

/** What one platform makes of each case: a check of what it registered. */
export type Column<Made> = {
  readonly [F in keyof typeof CASES]: {
    readonly [C in keyof (typeof CASES)[F]]: (made: () => Promise<Made>) => Promise<void>;
  };
};
