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
  /** A person with a browser as well: published on the host at this port, on the settings' bind address. */
  | { readonly from: "operator"; readonly published: number };

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
}

/** How the platform learns that the program is ready. */
export interface Health {
  readonly path: string;
  readonly port: number;
  /**
   * What runs the check where the platform can only run a command inside the container: the image's own `wget`, a
   * command of the image, or nothing (`outside`: the image has no shell, so its metrics being scraped shows it).
   */
  readonly check: "wget" | "outside" | readonly string[];
  /** Seconds the program may take to become ready. */
  readonly startupSeconds: number;
}

/** One copy, several, or one on every machine. */
export type Placement =
  | { readonly kind: "single" }
  | { readonly kind: "replicated"; readonly replicas: number }
  | { readonly kind: "every-node" };

/** The numeric user and group the program runs as. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** Something of the machine that a node agent needs. Each is named with its reason; all else is denied. */
export type Privilege =
  | { readonly kind: "host-path"; readonly hostPath: string; readonly path: string; readonly reason: string }
  | { readonly kind: "host-processes"; readonly reason: string }
  | { readonly kind: "device"; readonly path: string; readonly reason: string }
  | { readonly kind: "capability"; readonly name: string; readonly reason: string };

/** Peers that are not programs of the stack. */
export const SERVICES = "services";
export const INTERNET = "internet";

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
  /** The only peers that the program may open connections to: program names, `services` or `internet`. */
  readonly talksTo: readonly string[];
  readonly privileges?: readonly Privilege[];
}
