import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ensureMavenArchive, fetchFailure, mavenArchives } from "../../toolchain/maven";

const { group, artifact, version } = mavenArchives.elasticsearch;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "maven-test-"));
  await mkdir(path.join(folder, "bin"));
  vi.stubEnv("PYAIRTABLE_MONITORING_CACHE", path.join(folder, "cache"));
  vi.stubEnv("PATH", `${path.join(folder, "bin")}${path.delimiter}${process.env.PATH}`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Puts a Maven on the PATH that does what `script` says. */
async function playMaven(script: string): Promise<void> {
  const file = path.join(folder, "bin/mvn");
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

describe("ensureMavenArchive", () => {
  it("refuses a file that is not the pinned one, and keeps nothing of it", async () => {
    const place = `$repository/${group.replaceAll(".", "/")}/${artifact}/${version}`;
    await playMaven(`
      for argument; do case $argument in -Dmaven.repo.local=*) repository=\${argument#*=} ;; esac; done
      mkdir -p "${place}" && echo something else >"${place}/${artifact}-${version}.zip"
    `);
    await expect(ensureMavenArchive("elasticsearch")).rejects.toThrow(/SHA-256 [0-9a-f]{64}, and .* is pinned/);
    expect(await readdir(path.join(folder, "cache/maven"))).toEqual([]);
  });

  it("says what could not be fetched and what Maven said", async () => {
    await playMaven("echo 'Could not find artifact'; exit 1");
    await expect(ensureMavenArchive("elasticsearch")).rejects.toThrow(
      new RegExp(`${artifact}:${version}:zip cannot be fetched[^]*Could not find artifact[^]*settings.xml`),
    );
  });

  it("gives what an earlier run fetched without asking Maven", async () => {
    await playMaven(`touch "${folder}/asked"; exit 1`);
    const { sha256 } = mavenArchives.elasticsearch;
    const top = path.join(folder, `cache/maven/${artifact}-${version}-${sha256.slice(0, 16)}/${artifact}-${version}`);
    await mkdir(top, { recursive: true });
    expect(await ensureMavenArchive("elasticsearch")).toBe(top);
    expect(existsSync(path.join(folder, "asked"))).toBe(false);
  });
});

describe("fetchFailure", () => {
  it("holds the end of a long output only", () => {
    const output = Array.from({ length: 50 }, (_, index) => `line ${index}`).join("\n");
    const message = fetchFailure("a:b:1:zip", output);
    expect(message).toContain("line 49");
    expect(message).not.toContain("line 40");
  });
});
