import { createReadStream } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";

import { extract, type Header } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { writeArchive } from "../../toolchain/images/archive";
import type { Entry } from "../../toolchain/images/layout";
import { mavenArchives } from "../../toolchain/maven";

let cache: string;

beforeEach(async () => {
  cache = await mkdtemp(path.join(tmpdir(), "archive-test-"));
  vi.stubEnv("PYAIRTABLE_MONITORING_CACHE", cache);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true });
});

/** Puts files where an earlier run would have left those of a package or a distribution. */
async function unpacked(folder: string, files: Record<string, string>): Promise<string> {
  const root = path.join(cache, folder);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
  return root;
}

async function written(entries: readonly Entry[]): Promise<Record<string, Header & { content: string }>> {
  const file = path.join(cache, "rootfs.tar");
  await writeArchive(entries, file, () => {});
  const found: Record<string, Header & { content: string }> = {};
  for await (const entry of createReadStream(file).pipe(extract())) {
    expect(Object.keys(found)).not.toContain(entry.header.name);
    found[entry.header.name] = { ...entry.header, content: await text(entry) };
  }
  return found;
}

const server: Entry = { kind: "archive", name: "elasticsearch", path: "/opt/server" };

async function unpackedServer(files: Record<string, string>): Promise<void> {
  const { artifact, version, sha256 } = mavenArchives.elasticsearch;
  const top = `${artifact}-${version}`;
  const named = Object.entries(files).map(([name, content]) => [`${top}/${name}`, content]);
  await unpacked(`maven/${top}-${sha256.slice(0, 16)}`, Object.fromEntries(named) as Record<string, string>);
}

describe("an image's archive", () => {
  it("takes a package's programs, libraries and links, and leaves its documentation out", async () => {
    const root = await unpacked("debian/tool", {
      version: "1.0",
      "tree/usr/bin/tool": "program",
      "tree/usr/share/doc/tool/README": "text",
      "tree/usr/lib/tool/data": "data",
    });
    await chmod(path.join(root, "tree/usr/bin/tool"), 0o4755);
    await symlink("tool", path.join(root, "tree/usr/bin/alias"));
    const files = await written([{ kind: "package", name: "tool" }]);
    expect(Object.keys(files)).toEqual([
      "usr",
      "usr/bin",
      "usr/bin/alias",
      "usr/bin/tool",
      "usr/lib",
      "usr/lib/tool",
      "usr/lib/tool/data",
    ]);
    expect(files["usr/bin/tool"]).toMatchObject({ content: "program", mode: 0o755, uid: 0 });
    expect(files["usr/bin/alias"]).toMatchObject({ type: "symlink", linkname: "tool" });
  });

  it("writes folders that packages share once", async () => {
    await unpacked("debian/one", { version: "1", "tree/lib/one.so": "1" });
    await unpacked("debian/two", { version: "1", "tree/lib/two.so": "2" });
    const files = await written(["one", "two"].map((name) => ({ kind: "package", name })));
    expect(Object.keys(files)).toEqual(["lib", "lib/one.so", "lib/two.so"]);
  });

  it("keeps what an entry names itself", async () => {
    await unpackedServer({ "bin/server": "script", "config/server.yml": "theirs" });
    const own = { kind: "file", path: "/opt/server/config/server.yml", mode: 0o664, uid: 0, gid: 0, content: "ours" };
    const folder = { kind: "directory", path: "/opt/server/config", mode: 0o775, uid: 1000, gid: 0 };
    const files = await written([folder as Entry, own as Entry, server]);
    expect(files["opt/server/config"]).toMatchObject({ uid: 1000, mode: 0o775 });
    expect(files["opt/server/config/server.yml"]).toMatchObject({ content: "ours" });
    expect(files["opt/server/bin/server"]).toMatchObject({ content: "script", mode: 0o755 });
  });

  it("changes a distribution's file as the recipe says", async () => {
    await unpackedServer({ "bin/env": "TYPE=zip\n" });
    const edits = { "bin/env": ["TYPE=zip", "TYPE=docker"] } as const;
    const files = await written([{ ...server, edits } as Entry]);
    expect(files["opt/server/bin/env"]).toMatchObject({ content: "TYPE=docker\n", mode: 0o755 });
  });

  it("refuses a change that finds nothing to change", async () => {
    await unpackedServer({ "bin/env": "TYPE=tar\n" });
    const edits = { "bin/env": ["TYPE=zip", "TYPE=docker"] } as const;
    await expect(written([{ ...server, edits } as Entry])).rejects.toThrow(/bin\/env .* does not hold TYPE=zip/);
  });
});
