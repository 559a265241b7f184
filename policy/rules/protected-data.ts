import { DOCKER_VOLUME, fields, list, NAMESPACE, STATEFUL_SET, type Resource, type Violations } from "../resource";

/**
 * What holds data can not be deleted by a change of the program alone.
 *
 * @param required whether the stack asks for it (`protectData`). What a StatefulSet's copies keep is never deleted with them.
 */
export function protectedData(resource: Resource, required: boolean): Violations {
  const { type, name, protect } = resource;
  const holder = type === DOCKER_VOLUME ? "volume" : type === NAMESPACE ? "namespace" : undefined;
  return [
    ...(required && holder !== undefined && !protect
      ? [`the ${holder} ${name} holds data and is not protected: set the option protect (setting protectData)`]
      : []),
    ...deletedClaims(resource),
  ];
}

function deletedClaims({ type, name, inputs }: Resource): string[] {
  if (type !== STATEFUL_SET) return [];
  const { volumeClaimTemplates, persistentVolumeClaimRetentionPolicy } = fields(inputs.spec);
  if (list(volumeClaimTemplates).length === 0) return [];
  const policy = fields(persistentVolumeClaimRetentionPolicy);
  return ["whenDeleted", "whenScaled"]
    .filter((when) => policy[when] === "Delete")
    .map((when) => `${name} deletes its copies' data: set persistentVolumeClaimRetentionPolicy.${when} to Retain`);
}
