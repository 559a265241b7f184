import {
  DOCKER_VOLUME,
  fields,
  list,
  NAMESPACE,
  STATEFUL_SET,
  VOLUME_CLAIM,
  type Resource,
  type Violations,
} from "../resource";

/** What holds data and is a resource of its own. The claims of a StatefulSet's copies are none: the cluster makes them. */
const HOLDERS: Readonly<Record<string, string>> = {
  [DOCKER_VOLUME]: "volume",
  [NAMESPACE]: "namespace",
  [VOLUME_CLAIM]: "claim",
};

/**
 * What holds data can not be deleted by a change of the program alone.
 *
 * @param required whether the stack asks for it (`protectData`). What a StatefulSet's copies keep is never deleted with them, and
 * where it is asked for the StatefulSet says so instead of leaving it to the cluster's default.
 */
export function protectedData(resource: Resource, required: boolean): Violations {
  const { type, name, protect } = resource;
  const holder = HOLDERS[type];
  return [
    ...(required && holder !== undefined && !protect
      ? [`the ${holder} ${name} holds data and is not protected: set the option protect (setting protectData)`]
      : []),
    ...deletedClaims(resource, required),
  ];
}

function deletedClaims({ type, name, inputs }: Resource, required: boolean): string[] {
  if (type !== STATEFUL_SET) return [];
  const { volumeClaimTemplates, persistentVolumeClaimRetentionPolicy } = fields(inputs.spec);
  if (list(volumeClaimTemplates).length === 0) return [];
  const policy = fields(persistentVolumeClaimRetentionPolicy);
  return ["whenDeleted", "whenScaled"]
    .filter((when) => policy[when] === "Delete" || (required && policy[when] === undefined))
    .map((when) => [when, policy[when] === undefined ? "does not say that it keeps" : "deletes"] as const)
    .map(
      ([when, what]) => `${name} ${what} its copies' data: set persistentVolumeClaimRetentionPolicy.${when} to Retain`,
    );
}
