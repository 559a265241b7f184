import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { COUNT, DISCARD, FINISH, LOOK, NEW, PREPARE, SWAP, UNDO } from "../../operations/backup/swap";
import { runCommand } from "../../toolchain/command";

/** The scripts, run by a real shell in a folder that stands for a volume. */
describe("the exchange of a volume's content", () => {
  let volume: string;

  const run = async (script: string) => {
    const { succeeded, output, stdout } = await runCommand("sh", ["-c", script], { cwd: volume });
    expect(succeeded, output).toBe(true);
    return stdout;
  };
  const names = async () => (await readdir(volume)).sort();
  const write = (file: string, text: string) => writeFile(path.join(volume, file), text);
  const unpackNew = async () => {
    await run(PREPARE);
    await write(`${NEW}/data.db`, "new");
    await mkdir(path.join(volume, NEW, "blocks"));
    await write(`${NEW}/.hidden`, "new");
  };

  beforeEach(async () => {
    volume = await mkdtemp(path.join(tmpdir(), "volume-"));
    await write("data.db", "old");
    await mkdir(path.join(volume, "a folder"));
    await write(".lock", "old");
    await mkdir(path.join(volume, "lost+found"));
    await symlink("nowhere", path.join(volume, "dangling"));
  });
  afterEach(() => rm(volume, { recursive: true, force: true }));

  const OLD_NAMES = [".lock", "a folder", "dangling", "data.db", "lost+found"];

  it("puts the new content in place, and then forgets the old", async () => {
    await unpackNew();
    expect(Number(await run(COUNT))).toBe(4);
    await run(SWAP);
    expect(await names()).toEqual([".hidden", ".restore-old", "blocks", "data.db", "lost+found"]);
    expect(await run(LOOK)).toBe("cut off");
    await run(FINISH);
    expect(await names()).toEqual([".hidden", "blocks", "data.db", "lost+found"]);
    expect(await readFile(path.join(volume, "data.db"), "utf8")).toBe("new");
    expect(await run(LOOK)).toBe("");
  });

  it("puts the old content back after the exchange", async () => {
    await unpackNew();
    await run(SWAP);
    await write("written-since", "by the program");
    await run(UNDO);
    expect(await names()).toEqual(OLD_NAMES);
    expect(await readFile(path.join(volume, "data.db"), "utf8")).toBe("old");
  });

  it.each([
    ["half of the old content is aside", "mkdir .restore-moving && mv data.db .restore-moving/"],
    ["all of it is aside", "mkdir .restore-old && mv data.db .lock 'a folder' dangling .restore-old/"],
    [
      "half of the new content is in place",
      `mkdir .restore-old && mv data.db .lock 'a folder' dangling .restore-old/ && mv ${NEW}/data.db .`,
    ],
    [
      "half of the old content is back",
      "mkdir .restore-moving && mv data.db .lock 'a folder' dangling .restore-moving/ && mv .restore-moving/.lock .",
    ],
  ])("puts the old content back when it was cut off as %s", async (_, until) => {
    await unpackNew();
    await run(until);
    expect(await run(LOOK)).toBe("cut off");
    await run(UNDO);
    expect(await names()).toEqual(OLD_NAMES);
    expect(await readFile(path.join(volume, "data.db"), "utf8")).toBe("old");
  });

  it("changes nothing where nothing was begun, and throws away what was only unpacked", async () => {
    await run(UNDO);
    expect(await names()).toEqual(OLD_NAMES);
    await unpackNew();
    await run(DISCARD);
    expect(await names()).toEqual(OLD_NAMES);
  });
});
