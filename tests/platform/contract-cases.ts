import * as pulumi from "@pulumi/pulumi";

import type { Workload } from "../../components/platform/workload";
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
  /** Settings that only a cluster has. */
  readonly onCluster?: Written;
}

const HTTP = { path: "/ready", port: 80 };
const PORT = { name: "http", number: 80, reach: { from: "peers" } } as const;
const LOGIN = { name: "http", number: 80, reach: { from: "operator", published: 1080, login: true } } as const;
const DATA = { name: "tiny", path: "/data", size: 1024 * MIB } as const;
const ROOT = { uid: 0, gid: 0 } as const;
const hostPath = { kind: "host-path", hostPath: "/sys", path: "/host/sys", reason: "measures" } as const;

const INGRESS = { ingress: { domain: "example.com", className: "public" } } as const;

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
        data: [DATA],
      },
    },
  },
  args: {
    given: { workload: { args: ["--b=2", "--a=1"] } },
    "with a dollar sign": { workload: { args: ["--format=$(NAME) $$ $1"] } },
    "left out": { workload: {} },
  },
  env: {
    given: { workload: { env: { ZONE: "z", AREA: "a=b" } } },
    "with a dollar sign": { workload: { env: { FORMAT: "$(NAME)" } } },
    "left out": { workload: {} },
  },
  placeEnv: {
    given: { workload: { placeEnv: { NODE: "node-name", COPY: "replica-name", IP: "replica-address" } } },
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
    "whose names are alike but for a slash": {
      workload: {
        files: {
          directory: "/etc/tiny",
          entries: [
            { path: "rules/one.yaml", content: "a: 1\n" },
            { path: "rules__one.yaml", content: "b: 2\n" },
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
    "from an operator, with a login": { workload: { ports: [LOGIN] }, onCluster: INGRESS },
    "from an operator, on the way to others": {
      workload: { ports: [{ ...LOGIN, reach: { ...LOGIN.reach, hosts: ["one", "two"] } }] },
      onCluster: INGRESS,
    },
    "from an operator, with two logins": {
      workload: { ports: [LOGIN, { ...LOGIN, name: "other", number: 90 }] },
      onCluster: INGRESS,
    },
    "with a long name": { workload: { ports: [{ name: "sixteen-letters-", number: 80, reach: { from: "peers" } }] } },
    none: { workload: {} },
  },
  metrics: { "need nothing of a platform": { workload: { metrics: { port: 80, path: "/metrics" } } } },
  data: {
    "belongs to the program": { workload: { data: [DATA] } },
    "of root": { workload: { runsAs: ROOT, data: [DATA], privileges: [hostPath] } },
    "of several replicas": { workload: { data: [DATA], placement: { kind: "replicated", replicas: 3 } } },
    "that replicas share": {
      workload: {
        data: [DATA, { ...DATA, name: "shared", path: "/shared", shared: { storageClass: "nfs" } }],
        placement: { kind: "replicated", replicas: 3 },
      },
    },
    "that one program shares with nobody": { workload: { data: [{ ...DATA, shared: { storageClass: "nfs" } }] } },
    "on every node": { workload: { data: [DATA], placement: { kind: "every-node" } } },
    "of root on every node": {
      workload: { runsAs: ROOT, data: [DATA], placement: { kind: "every-node" }, privileges: [hostPath] },
    },
    "of a program that runs to its end": { workload: { data: [DATA], placement: { kind: "once" } } },
    "in a storage class": { workload: { data: [DATA] }, onCluster: { storageClass: "fast" } },
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
    "by its port": { workload: { health: { port: 80, check: ["/tiny", "-health"], startupSeconds: 30 } } },
    "by another port for its life": {
      workload: { health: { port: 80, alive: 81, check: ["/tiny", "-health"], startupSeconds: 30 } },
    },
    "by wget without a path": { workload: { health: { port: 80, check: "wget", startupSeconds: 30 } } },
  },
  placement: {
    single: { workload: { placement: { kind: "single" } } },
    "one replica": { workload: { placement: { kind: "replicated", replicas: 1 } } },
    "several replicas": { workload: { placement: { kind: "replicated", replicas: 3 } } },
    "several replicas, without exception on nodes of their own": {
      workload: { placement: { kind: "replicated", replicas: 3, spread: "required" } },
    },
    "every node": { workload: { ports: [PORT], placement: { kind: "every-node" } } },
    "every node, for what runs there": { workload: { ports: [PORT], placement: { kind: "every-node", local: true } } },
    once: { workload: { placement: { kind: "once" } } },
    "once, with a port": { workload: { ports: [PORT], placement: { kind: "once" } } },
    "at scheduled times": { workload: { placement: { kind: "scheduled", schedule: "55 23 * * *" } } },
  },
  runsAs: {
    "is the user and the group": { workload: { runsAs: { uid: 472, gid: 0 } } },
    root: { workload: { runsAs: ROOT } },
  },
  talksTo: {
    "a program": { workload: { talksTo: ["store"] }, peers: [{ ...TINY, name: "store", ports: [PORT] }] },
    services: { workload: { talksTo: ["services"] } },
    "services on a network that exists": {
      workload: { talksTo: ["services"] },
      settings: { servicesNetwork: "compose_default" },
    },
    "services elsewhere": {
      workload: { talksTo: ["services"] },
      settings: {
        services: [{ name: "one", address: "one:80", owner: "team" }],
        redisAddress: "redis.stores.svc:6379",
        postgresAddress: "db.example.com:5432",
      },
    },
    "the internet": { workload: { talksTo: ["internet"] } },
    "the cluster's API": { workload: { talksTo: ["cluster-api"] } },
    "the cluster's nodes": { workload: { talksTo: ["nodes"] } },
    "its own replicas": {
      workload: { ports: [PORT], talksTo: ["tiny"], placement: { kind: "replicated", replicas: 1 } },
    },
    "a program that sees its machine": {
      workload: { talksTo: ["agent"] },
      peers: [{ ...TINY, name: "agent", ports: [PORT], privileges: [hostPath] }],
    },
    "no one": { workload: {} },
    "a program that does not exist": { workload: { talksTo: ["nowhere"] } },
  },
  privileges: {
    "host path": { workload: { privileges: [hostPath] } },
    "host processes": { workload: { privileges: [{ kind: "host-processes", reason: "reads /proc" }] } },
    device: { workload: { privileges: [{ kind: "device", path: "/dev/kmsg", reason: "reads the kernel's log" }] } },
    capability: { workload: { privileges: [{ kind: "capability", name: "SYSLOG", reason: "reads /dev/kmsg" }] } },
    "the capability to open low ports": {
      workload: { privileges: [{ kind: "capability", name: "NET_BIND_SERVICE", reason: "is in the binary" }] },
    },
    none: { workload: {} },
  },
  after: {
    "a program": { workload: { after: ["store"] }, peers: [{ ...TINY, name: "store" }] },
    "a program that ends": {
      workload: { after: ["setup"] },
      peers: [{ ...TINY, name: "setup", placement: { kind: "once" } }],
    },
    "a program that is not deployed before it": { workload: { after: ["nowhere"] } },
  },
  clusterAccess: {
    given: {
      workload: {
        clusterAccess: [
          { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list"], reason: "finds what to scrape" },
        ],
      },
    },
    none: { workload: {} },
  },
} as const satisfies { readonly [F in keyof Required<Workload>]: Readonly<Record<string, Case>> };

/** What one platform makes of each case: a check of what it registered. */
export type Column<Made> = {
  readonly [F in keyof typeof CASES]: {
    readonly [C in keyof (typeof CASES)[F]]: (made: () => Promise<Made>) => Promise<void>;
  };
};
