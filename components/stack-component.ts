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

/** Places each program under the component, as `<component>-<program>`. */
export function deployAll<P extends { readonly [K in keyof P]: Workload }>(
  component: pulumi.ComponentResource,
  name: string,
  { platform, programs, transform }: ComponentArgs<P>,
): { readonly [K in keyof P]: Deployed } {
  const deployed = Object.entries<Workload>(programs).map(([role, workload]) => [
    role,
    platform.deploy(`${name}-${workload.name}`, workload, {
      parent: component,
      ...(transform?.[role as keyof P] ? { transform: transform[role as keyof P] as Transform } : {}),
    }),
  ]);
  return Object.fromEntries(deployed) as { readonly [K in keyof P]: Deployed };
}
