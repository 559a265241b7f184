import { dockerContainer } from "./docker-container";
import { kubernetesContainers } from "./kubernetes-container";
import type { Resource } from "./resource";

/** Something that a container may do or see beyond what every program may. */
export type Grant =
  /** Its user is root, or is not said. */
  | { readonly kind: "root" }
  /** Everything root may do on the machine. */
  | { readonly kind: "privileged" }
  | { readonly kind: "capability"; readonly name: string }
  | { readonly kind: "host-path"; readonly path: string }
  /** A directory of its own on the machine, below `/var/lib/<stack>/`. */
  | { readonly kind: "node-data"; readonly name: string }
  | { readonly kind: "host-processes" }
  | { readonly kind: "host-network" }
  | { readonly kind: "host-ipc" }
  | { readonly kind: "device"; readonly path: string };

/** What the rules need to know of a container, in words that belong to no platform. */
export interface Container {
  /** Its name inside the resource, for messages. */
  readonly name: string;
  readonly platform: "docker" | "kubernetes";
  /** Program of the stack that it belongs to; empty where its labels do not say. */
  readonly program: string;
  /** Whether anything is ever started in it. */
  readonly runs: boolean;
  readonly image: string;
  /** Whether memory and CPU are limited. */
  readonly limits: { readonly memory: boolean; readonly cpu: boolean };
  readonly readOnlyRoot: boolean;
  /** Whether a program inside can gain privileges that it was not started with. */
  readonly gainsPrivileges: boolean;
  readonly dropsAllCapabilities: boolean;
  readonly grants: readonly Grant[];
  /** Ports of the machine, with the address that they are open on. */
  readonly published: readonly { readonly port: string; readonly address: string }[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly command: readonly string[];
}

/** The containers that a resource makes; none for one of another type. */
export function containersOf(resource: Resource): Container[] {
  return [...dockerContainer(resource), ...kubernetesContainers(resource)];
}

/** A grant as people read it, and as two of them are compared. */
export function describeGrant(grant: Grant): string {
  switch (grant.kind) {
    case "capability":
    case "node-data":
      return `${grant.kind} ${grant.name}`;
    case "host-path":
    case "device":
      return `${grant.kind} ${grant.path}`;
    case "root":
    case "privileged":
    case "host-processes":
    case "host-network":
    case "host-ipc":
      return grant.kind;
    default:
      return grant satisfies never;
  }
}
