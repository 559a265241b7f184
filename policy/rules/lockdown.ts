import { containersOf } from "../container";
import type { Resource, Violations } from "../resource";

/** A program that was broken into can not change its own files, gain privileges or use a capability of root's. */
export function lockdown(resource: Resource): Violations {
  return containersOf(resource).flatMap(
    ({ name, platform, runs, readOnlyRoot, gainsPrivileges, dropsAllCapabilities }) => {
      const words = WORDS[platform];
      return [
        ...(gainsPrivileges ? [`${name} can gain privileges: set ${words.noGain}`] : []),
        // Configuration is written into a container that never runs; the program's own mounts it read-only.
        ...(runs && !readOnlyRoot ? [`${name} can write to its root file system: set ${words.readOnly}`] : []),
        ...(runs && !dropsAllCapabilities ? [`${name} keeps capabilities of root's: set ${words.drop}`] : []),
      ];
    },
  );
}

const WORDS = {
  docker: {
    noGain: "securityOpts to no-new-privileges:true",
    readOnly: "readOnly to true",
    drop: "capabilities.drops to ALL",
  },
  kubernetes: {
    noGain: "allowPrivilegeEscalation to false",
    readOnly: "readOnlyRootFilesystem to true",
    drop: "capabilities.drop to ALL",
  },
} as const;
