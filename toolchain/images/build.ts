import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";

import type Docker from "dockerode";
import { pack, type Pack } from "tar-stream";

import { cacheRoot, type Report } from "../cache";
import { digest, goSourceKey } from "../go-build";
import { mavenArchives, mavenProgramKey } from "../maven";
import { sharedPackages, writeArchive } from "./archive";
import { dockerfile, layout, type ImageRecipe } from "./layout";

/** Labels that say what an image of this toolchain is. A pulled image has none of them. */
export const LABEL = {
  /** `built` or `stand-in`. */
  source: "pyairtable-monitoring.source",
  /** The release in the image. */
  version: "pyairtable-monitoring.version",
  /** What the image was made from; another value than that of today's recipe means that it is out of date. */
  recipe: "pyairtable-monitoring.recipe",
} as const;

const ARCHIVE = "rootfs.tar";

/** Identifies everything that an image is made from and that a change in this repository can change. */
export async function recipeKey(recipe: ImageRecipe): Promise<string> {
  const program = recipe.program === undefined ? "" : await goSourceKey(recipe.program);
  const archive = recipe.archive === undefined ? "" : mavenArchives[recipe.archive.name].sha256;
  const jars = recipe.jars === undefined ? "" : await mavenProgramKey(recipe.jars.program);
  return digest(
    JSON.stringify(layout(recipe)),
    dockerfile(recipe, ARCHIVE, {}),
    JSON.stringify(sharedPackages),
    program + archive + jars,
  );
}

/**
 * Composes an image from nothing and gives it the tag `reference`. Programs that are not built yet are built first.
 *
 * @throws when a program cannot be built or a package cannot be fetched, or when the engine refuses the build.
 */
export async function buildImage(
  docker: Docker,
  reference: string,
  recipe: ImageRecipe,
  report: Report,
): Promise<void> {
  const labels = {
    "org.opencontainers.image.title": recipe.title,
    "org.opencontainers.image.version": recipe.version,
    "org.opencontainers.image.ref.name": reference,
    [LABEL.source]: recipe.source,
    [LABEL.version]: recipe.version,
    [LABEL.recipe]: await recipeKey(recipe),
  };
  const images = path.join(cacheRoot(), "images");
  await mkdir(images, { recursive: true });
  const folder = await mkdtemp(path.join(images, "build-"));
  try {
    const archive = path.join(folder, ARCHIVE);
    await writeArchive(layout(recipe), archive, report);
    report(`composing ${reference}`);
    // tar-stream's streams are Node's in all but their declared type.
    const files = (await context(archive, dockerfile(recipe, ARCHIVE, labels))) as unknown as NodeJS.ReadableStream;
    const stream = await docker.buildImage(files, { t: reference, rm: true, forcerm: true });
    await finished(docker, stream, reference);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function context(archive: string, file: string): Promise<Pack> {
  const { size } = await stat(archive);
  const stream = pack();
  stream.entry({ name: "Dockerfile" }, file);
  pipeline(createReadStream(archive), stream.entry({ name: ARCHIVE, size })).then(
    () => stream.finalize(),
    (error: Error) => stream.destroy(error),
  );
  return stream;
}

function finished(docker: Docker, stream: NodeJS.ReadableStream, reference: string): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error, events) => {
      const failure = error?.message ?? (events as { error?: string }[]).find((event) => event.error)?.error;
      if (failure === undefined) {
        resolve();
      } else {
        reject(new Error(`The engine could not build ${reference}: ${failure}`));
      }
    });
  });
}
