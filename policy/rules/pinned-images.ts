import { containersOf } from "../container";
import { DOCKER_IMAGE, UNKNOWN, type Resource, type Violations } from "../resource";

/** A digest, alone as the engine names an image that it has pulled, or after a reference. */
const DIGEST = /(^|@)sha256:[0-9a-f]{64}$/;

/**
 * A tag that names one release: three numbers, with what a vendor puts around them. Of two numbers most vendors move the tag to
 * each new patch, as in `redis:7.2`; the few whose releases have two, such as PostgreSQL, need a digest.
 */
const RELEASE = /:v?\d+\.\d+\.\d+[\w.-]*$/;

/**
 * Every image is one release, by an exact tag or by digest: what ran yesterday is what runs after a restart. On Docker a
 * container names its image by the id that the pulled reference gave, so the reference itself is looked at as well.
 */
export function pinnedImages(resource: Resource): Violations {
  const pulled = resource.type === DOCKER_IMAGE ? [{ name: resource.name, image: String(resource.inputs.name) }] : [];
  return [...pulled, ...containersOf(resource)]
    .filter(({ image }) => !isPinned(image))
    .map(
      ({ name, image }) =>
        `${name} uses the image "${image}", which is not one release: name it in components/images.ts with a tag of three numbers or a digest`,
    );
}

function isPinned(image: string): boolean {
  // The reference that becomes this id is a resource of its own, which is known.
  return image === UNKNOWN || DIGEST.test(image) || RELEASE.test(image);
}
