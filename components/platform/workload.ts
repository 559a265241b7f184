import type * as pulumi from "@pulumi/pulumi";

import type { Image } from "../images";

/** Memory and CPU that a program may use at the most. Every workload has them. */
export interface Resources {
  /** Bytes. */
  readonly memory: number;
  /** Cores. */
  readonly cpu: number;
}

/** Who reaches a port. */
export type Reach =
  /** Other programs of the stack that name this one in `talksTo`. */
  | { readonly from: "peers" }
  /** The monitored services as well. */
  | { readonly from: "services"; readonly published?: number }
  /**
   * A person with a browser as well. One machine publishes it at this port, on the settings' bind address; a cluster lets
   * it through its ingress, if there is one and the program has a `login` of its own: at its name below the ingress's domain,
   * or at those of `hosts`, for a program that is the way to others.
   */
  | {
      readonly from: "operator";
      readonly published: number;
      readonly login?: boolean;
      readonly hosts?: readonly string[];
    };

export interface Port {
  readonly name: string;
  readonly number: number;
  readonly reach: Reach;
}

/** A file of the program's configuration. A change replaces the workload. */
export interface ConfigFile {
  /** Path below the workload's `files.directory`. */
  readonly path: string;
  readonly content: pulumi.Input<string>;
  /** Keeps the content encrypted in the state and out of every display. */
  readonly secret?: boolean;
}

/** Configuration files, all below one directory that the program sees read-only. */
export interface ConfigFiles {
  readonly directory: string;
  readonly entries: readonly ConfigFile[];
}

/** A directory whose content outlives the program. */
export interface DataVolume {
  readonly name: string;
  readonly path: string;
  /** Bytes to ask for where the platform sizes volumes. */
  readonly size: number;
  /**
   * One volume that every copy writes to, of a storage class that lets several machines do so.
   * @default each copy has a volume of its own
   */
  readonly shared?: { readonly storageClass: string };
  /**
   * What the copies hold is one cluster's, which they form at their first start. One that ran alone is a cluster of its own: others
   * that come later would form a second, empty one beside it, and none of several can go on alone.
   * @default each copy's data is complete in itself
   */
  readonly clustered?: boolean;
}

/** How the platform learns that the program is ready. */
export interface Health {
  /** Answers 2xx once the program is ready. Without a path, that the port is open shows it. */
  readonly path?: string;
  readonly port: number;
  /**
   * A port that is open as long as the program lives, where `port` also closes when it misses its peers. A restart would not
   * bring those back, so a cluster restarts the program by this one.
   *
   * @default `port`
   */
  readonly alive?: number;
  /**
   * What runs the check where the platform can only run a command inside the container: the image's own `wget`, a
   * command of the image, or nothing (`outside`: the image has no shell, so its metrics being scraped shows it).
   */
  readonly check: "wget" | "outside" | readonly string[];
  /** Seconds the program may take to become ready. */
  readonly startupSeconds: number;
}

/** Where copies of a program run, or when it does. */
export type Placement =
  | { readonly kind: "single" }
  /** Several copies: on different machines where possible (`preferred`, the default) or without exception (`required`). */
  | { readonly kind: "replicated"; readonly replicas: number; readonly spread?: Spread }
  /** One copy on each machine. With `local`, peers and services reach the one on their own machine. */
  | { readonly kind: "every-node"; readonly local?: boolean }
  /** Runs to its end, and again when something of it changes. What names it in `after` starts only then. */
  | { readonly kind: "once" }
  /** Runs to its end at each of the times that a cron expression (UTC) names. */
  | { readonly kind: "scheduled"; readonly schedule: string };

export type Spread = "preferred" | "required";

/** The numeric user and group the program runs as. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** Something of the cluster's own API that a program reads. Each is named with its reason; all else is denied. */
export interface ClusterRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly ("get" | "list" | "watch")[];
  readonly reason: string;
}

/** What only the platform knows of the place where a copy runs. */
export type PlaceFact = "node-name" | "replica-name" | "replica-address";

/** Something of the machine that a node agent needs. Each is named with its reason; all else is denied. */
export type Privilege =
  | { readonly kind: "host-path"; readonly hostPath: string; readonly path: string; readonly reason: string }
  | { readonly kind: "host-processes"; readonly reason: string }
  | { readonly kind: "device"; readonly path: string; readonly reason: string }
  | { readonly kind: "capability"; readonly name: string; readonly reason: string };

/** Peers that are not programs of the stack. */
export const SERVICES = "services";
export const INTERNET = "internet";
/** The cluster's own API. */
export const CLUSTER_API = "cluster-api";
/** The agents that the cluster itself runs on its machines, with their metrics. */
export const NODES = "nodes";

/** Names of peers that are not programs of the stack. */
export const OUTSIDE: readonly string[] = [SERVICES, INTERNET, CLUSTER_API, NODES];

/**
 * What a program needs, in words that belong to no platform. The adapters turn it into containers or cluster objects,
 * and refuse a field that they cannot honour.
 */
export interface Workload {
  /** Host name under which peers reach the program. Also the last part of every resource name made for it. */
  readonly name: string;
  readonly image: Image;
  /** Arguments to the image's own entry point. */
  readonly args?: readonly string[];
  /** Environment variables. Never a secret: a secret goes into a file. */
  readonly env?: Readonly<Record<string, string>>;
  /** Environment variables that hold a fact of the place where the copy runs. */
  readonly placeEnv?: Readonly<Record<string, PlaceFact>>;
  readonly files?: ConfigFiles;
  readonly ports: readonly Port[];
  /** Port and path of the program's own metrics. Prometheus gets a scrape job from it. */
  readonly metrics?: { readonly port: number; readonly path: string };
  readonly data?: readonly DataVolume[];
  /** Writable directories that are empty at each start, with their size in bytes. */
  readonly scratch?: readonly { readonly path: string; readonly size: number }[];
  readonly resources: Resources;
  readonly health: Health;
  readonly placement: Placement;
  readonly runsAs: Identity;
  /** The only peers that the program may open connections to: program names (its own for its replicas) or `OUTSIDE`. */
  readonly talksTo: readonly string[];
  /** Programs that must be ready, or have run to their end, before this one starts. They are deployed before it. */
  readonly after?: readonly string[];
  readonly privileges?: readonly Privilege[];
  readonly clusterAccess?: readonly ClusterRule[];
}

/**
 * Host names by which peers reach each replica of a program: its own name, or one for each copy that keeps data.
 * Replica `<name>-<i>` answers at `<name>-<i>.<name>-replicas`.
 */
export function replicaNames(name: string, replicas: number): string[] {
  if (replicas === 1) return [name];
  return Array.from({ length: replicas }, (_, index) => `${name}-${index}.${replicasService(name)}`);
}

/** The domain below which the replicas of a program have their names. */
export function replicasService(name: string): string {
  return `${name}-replicas`;
}
