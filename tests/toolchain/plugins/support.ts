/** What the tests of the plugins share: a small image made without a registry, names, and tidying up. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { pack } from "tar-stream";
import { ensureDebianPackage } from "../../../toolchain/debian";
import { docker } from "../../../toolchain/plugins/docker";
import { Engine } from "../../../toolchain/plugins/engine";
import { engineAddress } from "../../../toolchain/plugins/engine-address";
import * as handlers from "../../../toolchain/plugins/handlers";
import type { Created, ResourceType } from "../../../toolchain/plugins/resource-type";
import type { Values } from "../../../toolchain/plugins/values";

export const engine = new Engine(engineAddress({}));

/** A prefix of its own for each test file, by which everything is found again. */
export function testPrefix(): string {
  return `pmtest-${randomBytes(4).toString("hex")}`;
}

export function dockerType(name: "Container" | "Network" | "RemoteImage" | "Volume"): ResourceType {
  const type = docker.types({}).find(({ token }) => token.endsWith(`:${name}`));
  if (!type) throw new Error(`no resource type ${name}`);
  return type;
}

/** Imports an image that holds busybox and sleeps by default, under `<prefix>:1`. @returns its reference and id. */
export async function importImage(prefix: string): Promise<{ reference: string; id: string }> {
  const { root } = await ensureDebianPackage("busybox-static");
  const busybox = await readFile(path.join(root, "bin", "busybox"));
  const archive = pack();
  archive.entry({ name: "bin/busybox", mode: 0o755 }, busybox);
  for (const applet of ["sh", "sleep", "cat", "echo", "ls", "true", "false"]) {
    archive.entry({ name: `bin/${applet}`, type: "symlink", linkname: "busybox" });
  }
  for (const folder of ["tmp", "etc"]) archive.entry({ name: folder, type: "directory", mode: 0o1777 });
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  const changes = 'CMD ["sleep","600"]';
  const query = { fromSrc: "-", repo: prefix, tag: "1", changes };
  await engine.raw("POST", "/images/create", { query, archive: Buffer.concat(chunks) });
  const { Id: id } = await engine.call<{ Id: string }>("GET", `/images/${prefix}:1/json`);
  return { reference: `${prefix}:1`, id };
}

/** Removes every container, network, volume and image whose name starts with the prefix. */
export async function tidyUp(prefix: string): Promise<void> {
  const filters = JSON.stringify({ name: [prefix] });
  const containers = await engine.call<{ Id: string }[]>("GET", "/containers/json", { query: { all: true, filters } });
  for (const { Id } of containers) {
    await engine.raw("DELETE", `/containers/${Id}`, { query: { force: true, v: true } });
  }
  const networks = await engine.call<{ Id: string }[]>("GET", "/networks", { query: { filters } });
  for (const { Id } of networks) await engine.raw("DELETE", `/networks/${Id}`);
  const { Volumes } = await engine.call<{ Volumes: { Name: string }[] | null }>("GET", "/volumes", {
    query: { filters },
  });
  for (const { Name } of Volumes ?? []) await engine.raw("DELETE", `/volumes/${Name}`, { query: { force: true } });
  const images = await engine.call<{ RepoTags: string[] | null }[]>("GET", "/images/json");
  for (const tag of images.flatMap(({ RepoTags }) => RepoTags ?? [])) {
    if (tag.startsWith(prefix)) await engine.raw("DELETE", `/images/${tag}`, { query: { force: true } });
  }
}

/** Checks the inputs as the engine would before a creation. Fails on the first thing that is wrong with them. */
export function checked(type: ResourceType, inputs: Values): Values {
  const { inputs: complete, failures } = handlers.check(type, "test", {}, inputs);
  if (failures[0]) throw new Error(failures[0].reason);
  return complete;
}

export function create(type: ResourceType, inputs: Values): Promise<Created> {
  return handlers.create(type, checked(type, inputs), false);
}

/** The properties that would change, each followed by `!` when it needs a new resource. */
export function changes(type: ResourceType, state: Values, inputs: Values, oldInputs: Values = inputs): string[] {
  const news = checked(type, inputs);
  const found = handlers.diff(type, state, checked(type, oldInputs), news);
  return found.changes.map(({ property, replace }) => property + (replace ? "!" : ""));
}

/** Runs a command in a container and gives what it wrote. */
export async function output(container: string, ...command: string[]): Promise<string> {
  const body = { Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true };
  const { Id } = await engine.call<{ Id: string }>("POST", `/containers/${container}/exec`, { body });
  const raw = await engine.raw("POST", `/exec/${Id}/start`, { body: { Tty: true } });
  return raw.toString().replaceAll("\r", "").trim();
}
