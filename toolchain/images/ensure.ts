import type Docker from "dockerode";

import { images, type ImageName } from "../../components/images";
import { withLock, type Report } from "../cache";
import { buildImage, LABEL, recipeKey } from "./build";
import { imageRecipes } from "./recipes";
import { engineMessage, isRefusal, probeRegistry, pull, registryOf, type Reach } from "./registry";

/** How the engine came to an image. */
export interface ImageOrigin {
  /**
   * `present`: was in the engine and does not come from here; `pulled`: from its registry, just now; `built`: the
   * program itself, composed here; `stand-in`: not the program, only something in its place.
   */
  readonly source: "present" | "pulled" | "built" | "stand-in";
  /** One line for people: the release, and why the image was not pulled. */
  readonly detail: string;
}

export interface EnsureImagesOptions {
  readonly docker: Docker;
  readonly report?: Report;
  /**
   * Whether to try the registries before anything is built.
   * @default true
   */
  readonly pull?: boolean;
  /**
   * Whether to try again to pull images that an earlier run built here.
   * @default false
   */
  readonly refresh?: boolean;
}

type Found = { readonly id: string; readonly labels: Readonly<Record<string, string>> } | undefined;

const PULLS_AT_ONCE = 3;

/**
 * Sees to it that the engine has the given images, under their pinned references: an image that is there stays, one
 * that is missing is pulled, and one that cannot be pulled is built here.
 *
 * @param wanted names or references of the table in `components/images.ts`.
 * @throws when a registry was reached and refused an image, or when a build fails. All refusals are in one message.
 */
export async function ensureImages(
  wanted: readonly string[],
  options: EnsureImagesOptions,
): Promise<Partial<Record<ImageName, ImageOrigin>>> {
  const { docker, report = () => {}, refresh = false } = options;
  const names = [...new Set(wanted.map(imageName))];
  const origins: Partial<Record<ImageName, ImageOrigin>> = {};
  const before = new Map<ImageName, Found>();
  for (const name of names) {
    const found = await inspect(docker, images[name].reference);
    before.set(name, found);
    const origin = await currentOrigin(name, found);
    if (origin && !(refresh && origin.source !== "present")) {
      origins[name] = origin;
    }
  }

  const missing = names.filter((name) => origins[name] === undefined);
  const reasons = new Map<ImageName, string>();
  if (options.pull ?? true) {
    // An image that an earlier run built and whose recipe has changed is built again; pulling it takes a refresh.
    const pullable = missing.filter((name) => refresh || before.get(name) === undefined);
    await pullAll(pullable, docker, report, origins, reasons);
  }
  for (const name of missing.filter((candidate) => origins[candidate] === undefined)) {
    origins[name] = await build(name, before.get(name), reasons.get(name), docker, report);
  }
  return origins;
}

/** Finds the name of an image in the table by its name or its reference. */
export function imageName(wanted: string): ImageName {
  for (const [name, { reference }] of Object.entries(images)) {
    if (wanted === name || wanted === reference) {
      return name as ImageName;
    }
  }
  const known = Object.keys(images).join(", ");
  throw new Error(
    `There is no image ${wanted} in components/images.ts. Use one of its references, or a name: ${known}.`,
  );
}

async function inspect(docker: Docker, reference: string): Promise<Found> {
  try {
    const { Id, Config } = await docker.getImage(reference).inspect();
    return { id: Id, labels: Config.Labels ?? {} };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) {
      return undefined;
    }
    throw error;
  }
}

// Undefined when the image is missing, or is one of ours and out of date.
async function currentOrigin(name: ImageName, found: Found): Promise<ImageOrigin | undefined> {
  if (found === undefined) {
    return undefined;
  }
  const source = found.labels[LABEL.source];
  if (source === undefined) {
    return { source: "present", detail: "was in the engine already" };
  }
  if (found.labels[LABEL.recipe] !== (await recipeKey(imageRecipes[name]))) {
    return undefined;
  }
  return origin(name, "by an earlier run");
}

function origin(name: ImageName, why: string): ImageOrigin {
  const { source, version, title } = imageRecipes[name];
  const what = source === "stand-in" ? `a stand-in, not ${title.replace(" (stand-in)", "")}` : `${title} ${version}`;
  return { source, detail: `${what}, composed here ${why}` };
}

async function pullAll(
  names: readonly ImageName[],
  docker: Docker,
  report: Report,
  origins: Partial<Record<ImageName, ImageOrigin>>,
  reasons: Map<ImageName, string>,
): Promise<void> {
  const registries = new Map<string, Promise<Reach>>();
  const refusals: string[] = [];
  const pullOne = async (name: ImageName) => {
    const { reference } = images[name];
    const registry = registryOf(reference);
    const reach = registries.get(registry) ?? probeRegistry(docker, reference);
    registries.set(registry, reach);
    const answer = await reach;
    if (!answer.reachable) {
      reasons.set(name, `because ${registry} cannot be reached (${answer.reason})`);
      return;
    }
    report(`pulling ${reference}`);
    try {
      await pull(docker, reference);
      origins[name] = { source: "pulled", detail: `from ${registry}` };
    } catch (error) {
      const message = engineMessage((error as Error).message);
      if (isRefusal(message)) {
        refusals.push(`${reference}: ${message}`);
      } else {
        reasons.set(name, `because the pull from ${registry} failed (${message})`);
      }
    }
  };

  const queue = [...names];
  const worker = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      await pullOne(name);
    }
  };
  await Promise.all(Array.from({ length: PULLS_AT_ONCE }, worker));
  if (refusals.length > 0) {
    throw new Error(
      `A registry was reached and refused these images:\n${refusals.map((line) => `  ${line}`).join("\n")}\n` +
        "Check the references in components/images.ts, and whether the registry wants `docker login` or a later try.",
    );
  }
}

async function build(
  name: ImageName,
  before: Found,
  whyNotPulled: string | undefined,
  docker: Docker,
  report: Report,
): Promise<ImageOrigin> {
  const { reference } = images[name];
  const compose = async () => {
    // Another run may have made it while this one waited.
    const made = await inspect(docker, reference);
    const current = made?.id === before?.id ? undefined : await currentOrigin(name, made);
    if (current) {
      return current;
    }
    await buildImage(docker, reference, imageRecipes[name], report);
    if (before !== undefined) {
      // The tag has moved on; a container that still runs the old image keeps it.
      const old = docker.getImage(before.id);
      await old.remove().catch(() => {});
    }
    const why = before === undefined ? "without a try to pull it" : "anew, because its recipe has changed";
    return origin(name, whyNotPulled ?? why);
  };
  return withLock("images", compose, report);
}
