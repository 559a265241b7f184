import { containersOf, describeGrant } from "../container";
import { allowed, EXCEPTIONS, type Exceptions } from "../exceptions";
import type { Resource, Violations } from "../resource";

/** No container is root, sees the machine or has a capability, but for what `policy/exceptions.ts` lists with its reason. */
export function privileges(resource: Resource, exceptions: Exceptions = EXCEPTIONS): Violations {
  return containersOf(resource).flatMap(({ name, platform, program, grants }) => {
    const listed = allowed(exceptions, program, platform);
    return grants
      .map(describeGrant)
      .filter((grant) => !listed.includes(grant))
      .map(
        (grant) =>
          `${name} has "${grant}", which policy/exceptions.ts does not list for ${program || "a program without a label"} on ${platform}`,
      );
  });
}
