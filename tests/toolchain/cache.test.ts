import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { cacheRoot, ensureFolder, withLock } from "../../toolchain/cache";

describe("cacheRoot", () => {
  it.each([
    [{ PYAIRTABLE_MONITORING_CACHE: "/a", XDG_CACHE_HOME: "/b" }, "/a"],
    [{ XDG_CACHE_HOME: "/b" }, "/b/pyairtable-monitoring"],
    [{ XDG_CACHE_HOME: "" }, "/home/user/.cache/pyairtable-monitoring"],
    [{}, "/home/user/.cache/pyairtable-monitoring"],
  ])("takes %o to %s", (env, expected) => {
    expect(cacheRoot(env, "/home/user")).toBe(expected);
  });
});

describe("locks and folders", () => {
  const before = process.env.PYAIRTABLE_MONITORING_CACHE;
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), "cache-test-"));
    process.env.PYAIRTABLE_MONITORING_CACHE = root;
  });

  afterEach(async () => {
    if (before === undefined) {
      delete process.env.PYAIRTABLE_MONITORING_CACHE;
    } else {
      process.env.PYAIRTABLE_MONITORING_CACHE = before;
    }
    await rm(root, { recursive: true });
  });

  it("runs the holders of one lock one after the other", async () => {
    const events: string[] = [];
    const hold = (name: string) =>
      withLock("one", async () => {
        events.push(`${name} in`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        events.push(`${name} out`);
      });
    await Promise.all([hold("first"), hold("second")]);
    expect(events).toEqual(["first in", "first out", "second in", "second out"]);
  });

  it("takes over the lock of a process that has ended", async () => {
    await mkdir(path.join(root, "locks"));
    // No process has a number beyond the kernel's limit of 2^22.
    await symlink("99999999", path.join(root, "locks", "one"));
    await expect(withLock("one", async () => "ran")).resolves.toBe("ran");
    expect(await readdir(path.join(root, "locks"))).toEqual([]);
  });

  it("gives the lock back when the action fails", async () => {
    const failing = withLock("one", async () => Promise.reject(new Error("no")));
    await expect(failing).rejects.toThrow("no");
    await expect(withLock("one", async () => "ran")).resolves.toBe("ran");
  });

  it("fills a folder once, also for two that ask at the same time", async () => {
    let fills = 0;
    const target = path.join(root, "deep", "folder");
    const ask = () =>
      ensureFolder(
        target,
        async (folder) => {
          fills += 1;
          await writeFile(path.join(folder, "file"), "content");
        },
        { lock: "one" },
      );
    expect(await Promise.all([ask(), ask()])).toEqual([target, target]);
    expect(fills).toBe(1);
    expect(existsSync(path.join(target, "file"))).toBe(true);
  });

  it("leaves nothing of a folder whose filling fails", async () => {
    const target = path.join(root, "folder");
    const failing = ensureFolder(target, () => Promise.reject(new Error("no")), { lock: "one" });
    await expect(failing).rejects.toThrow("no");
    expect(await readdir(root)).toEqual(["locks"]);
  });
});
