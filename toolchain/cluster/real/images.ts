/** Images of a real node: those of this machine's Docker engine, and the one that holds a pod's namespaces. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import Docker from "dockerode";
import { pack } from "tar-stream";

import type { Report } from "../../cache";
import { ensureDebianPackage } from "../../debian";

/** The image of the process that does nothing but hold a pod's namespaces. */
export const PAUSE_IMAGE = "test.local/pause:1";

/** Takes images from the Docker engine into the node's own store. */
export async function importImages(importer: Importer, references: readonly string[], report: Report): Promise<void> {
  await importer(await pauseImage(report));
  const docker = new Docker();
  for (const reference of references) {
    const archive = await docker
      .getImage(reference)
      .get()
      .catch((error: unknown) => {
        throw new Error(
          `the Docker engine does not give ${reference} to the node: pull or build it first (npm start)`,
          {
            cause: error,
          },
        );
      });
    await importer(archive as unknown as Readable);
  }
}

/** Puts one image, in the form in which Docker saves it, into a store. */
export type Importer = (archive: Readable) => Promise<void>;

/** Imports through containerd's own client. */
export function importerFor(ctr: string, socket: string): Importer {
  return async (archive) => {
    const client = spawn(ctr, ["--address", socket, "--namespace", "k8s.io", "images", "import", "-"], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    let complaint = "";
    client.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
    const ended = new Promise<number | null>((resolve, reject) => {
      client.once("error", reject);
      client.once("close", resolve);
    });
    const [code] = await Promise.all([ended, pipeline(archive, client.stdin)]);
    if (code !== 0) throw new Error(`an image could not be imported into the node: ${complaint}`);
  };
}

async function pauseImage(report: Report): Promise<Readable> {
  const { root } = await ensureDebianPackage("busybox-static", report);
  const layer = await tarOf({ "bin/busybox": await readFile(path.join(root, "bin/busybox")) });
  const config = JSON.stringify({
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: { Entrypoint: ["/bin/busybox", "sleep", "2147483647"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${createHash("sha256").update(layer).digest("hex")}`] },
  });
  const manifest = JSON.stringify([{ Config: "config.json", RepoTags: [PAUSE_IMAGE], Layers: ["layer.tar"] }]);
  const archive = await tarOf({ "layer.tar": layer, "config.json": config, "manifest.json": manifest });
  return Readable.from([archive]);
}

async function tarOf(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mode: 0o755 }, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
