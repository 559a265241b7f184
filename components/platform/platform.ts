import type * as pulumi from "@pulumi/pulumi";

import type { Workload } from "./workload";

/**
 * Changes the arguments of the one object that runs a program: a container, or a cluster's workload object. The way
 * out for what the contract does not say; it is applied last.
 */
export type Transform = (args: Readonly<Record<string, unknown>>) => Record<string, unknown>;

export interface DeployOptions {
  readonly parent: pulumi.Resource;
  readonly transform?: Transform;
}

/** A program that has been placed on the platform. */
export interface Deployed {
  /** The program's name, by which peers reach it. */
  readonly name: string;
  /** The object that runs it, for `dependsOn`. */
  readonly resource: pulumi.Resource;
  /** What the platform calls it. */
  readonly handle: string;
  readonly image: string;
  /** Address by port name: the published one where there is one, else the one that peers use. */
  readonly urls: Readonly<Record<string, string>>;
  /** Whether the platform itself checks its health; if not, Prometheus reaching it does. */
  readonly healthSeenBy: "platform" | "scrape";
  /**
   * The volumes that it keeps its data on.
   * @default none
   */
  readonly data?: readonly KeptData[];
}

/** A volume of a program, whose content outlives the program. */
export interface KeptData {
  readonly name: string;
  /** What the platform calls the volume. */
  readonly handle: string;
  /** Bytes that the settings give it. */
  readonly size: number;
}

/** What can run workloads. */
export interface Platform {
  /**
   * Creates everything that a workload needs.
   *
   * @param name first part of the resource names.
   * @throws Error that names the field when the platform can not honour it.
   */
  deploy(name: string, workload: Workload, options: DeployOptions): Deployed;
  /** Where the monitored services run, in the platform's words: a network or a namespace. */
  readonly servicesNetwork: pulumi.Output<string>;
}
