import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { Transform, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";

import { extract } from "tar-stream";

/** What the stores write is compressed already, so the quickest level is nearly as good as the best. */
const LEVEL = 1;

/** What an archive holds. */
export interface Content {
  readonly sha256: string;
  readonly bytes: number;
  readonly unpacked: number;
  readonly entries: number;
}

/** Writes a tar stream to a compressed file that only its owner reads. */
export async function writeArchive(tar: Readable, file: string, signal?: AbortSignal): Promise<Content> {
  const hash = createHash("sha256");
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      done(undefined, chunk);
    },
  });
  await pipeline(tar, createGzip({ level: LEVEL }), count, createWriteStream(file, { mode: 0o600 }), { signal });
  // Read back from the disk: a stream that broke off would otherwise be found only when it is needed.
  return { sha256: hash.digest("hex"), bytes, ...(await listArchive(file)) };
}

/**
 * Reads an archive to its end.
 *
 * @throws Error when it is not a whole compressed tar.
 */
export async function listArchive(file: string): Promise<Pick<Content, "unpacked" | "entries">> {
  let [unpacked, entries] = [0, 0];
  const tar = extract();
  tar.on("entry", ({ size = 0 }, stream, next) => {
    unpacked += size;
    entries += 1;
    stream.on("end", next).resume();
  });
  await pipeline(createReadStream(file), createGunzip(), tar);
  return { unpacked, entries };
}

/** An archive's tar stream. */
export function readArchive(file: string): Readable {
  const source = createReadStream(file);
  const unzip = createGunzip();
  source.once("error", (error) => unzip.destroy(error));
  return source.pipe(unzip);
}
