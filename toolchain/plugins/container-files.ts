/** The files of `uploads`, as the archive that the engine unpacks into a container. */
import { readFileSync } from "node:fs";
import { pack } from "tar-stream";
import { isObject, type Value, type Values } from "./values";

function content(upload: Values): Buffer {
  const given = ["content", "contentBase64", "source"].filter((key) => upload[key]);
  if (given.length !== 1) {
    const found = given.length === 0 ? "none is" : `${given.join(" and ")} are`;
    const wanted = "exactly one of 'content', 'contentBase64' and 'source' must be given and not be empty";
    throw new Error(`in 'uploads' for ${String(upload["file"])} ${wanted}, but ${found}`);
  }
  if (upload["source"]) return readFileSync(String(upload["source"]));
  return given[0] === "content"
    ? Buffer.from(String(upload["content"]))
    : Buffer.from(String(upload["contentBase64"]), "base64");
}

function mode(upload: Values): number {
  if (upload["permissions"]) return parseInt(String(upload["permissions"]), 8);
  return upload["executable"] ? 0o744 : 0o644;
}

/** A tar archive to be unpacked at `/`, or undefined when there is nothing to upload. */
export async function uploadArchive(value: Value): Promise<Buffer | undefined> {
  const uploads = Array.isArray(value) ? value.filter(isObject) : [];
  if (uploads.length === 0) return undefined;
  const archive = pack();
  for (const upload of uploads) {
    const [uid, gid] = [Number(upload["owner"] ?? 0), Number(upload["group"] ?? 0)];
    archive.entry({ name: String(upload["file"]), mode: mode(upload), mtime: new Date(), uid, gid }, content(upload));
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
