import * as pulumi from "@pulumi/pulumi";

import type { Deployed, Platform, Transform } from "./platform/platform";
import type { Workload } from "./platform/workload";

/** What every component of the stack is given. */
export interface ComponentArgs<P> {
  readonly platform: Platform;
  /** The component's programs, by role. */
  readonly programs: P;
  /**
   * Last changes to the object that runs a program, by role.
   * @default none
   */
  readonly transform?: { readonly [K in keyof P]?: Transform };
}

/** Programs as they were placed, by role; those that a stack leaves out are not there. */
export type Placed<P> = { readonly [K in keyof P]: undefined extends P[K] ? Deployed | undefined : Deployed };

/** Places each program under the component, as `<component>-<program>`. */
export function deployAll<P extends { readonly [K in keyof P]: Workload | undefined }>(
  component: pulumi.ComponentResource,
  name: string,
  { platform, programs, transform }: ComponentArgs<P>,
): Placed<P> {
  const deployed = Object.entries(programs as Readonly<Record<string, Workload>>).map(([role, workload]) => [
    role,
    platform.deploy(`${name}-${workload.name}`, workload, {
      parent: component,
      ...(transform?.[role as keyof P] ? { transform: transform[role as keyof P] as Transform } : {}),
    }),
  ]);
  return Object.fromEntries(deployed) as Placed<P>;
}
