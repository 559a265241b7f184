import { containersOf } from "../container";
import type { Resource, Violations } from "../resource";

/** Every container has a limit of memory and one of CPU, or one program's trouble becomes every program's. */
export function limits(resource: Resource): Violations {
  return containersOf(resource).flatMap(({ name, limits: { memory, cpu } }) => [
    ...(memory ? [] : [`${name} has no memory limit: give its program one in resources.<program>.memory`]),
    ...(cpu ? [] : [`${name} has no CPU limit: give its program one in resources.<program>.cpu`]),
  ]);
}
