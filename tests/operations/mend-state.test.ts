/** What a run that was killed as the engine wrote leaves beside and in the files of states. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { mendStates } from "../../operations/mend-state";

const STATE = JSON.stringify({ version: 3, checkpoint: { stack: "organization/shop/dev" } });
const BEFORE = JSON.stringify({ version: 3, checkpoint: {} });

let root: string;
let folder: string;
let reports: string[];

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "mend-state-"));
  folder = path.join(root, "stacks", "shop");
  await mkdir(folder, { recursive: true });
  reports = [];
});

afterEach(() => rm(root, { recursive: true, force: true }));

const write = (files: Readonly<Record<string, string>>) =>
  Promise.all(Object.entries(files).map(([name, text]) => writeFile(path.join(folder, name), text)));
const mend = () => mendStates(folder, (message) => reports.push(message));
const text = (name: string) => readFile(path.join(folder, name), "utf8");

describe("mending states", () => {
  it("leaves alone what is whole", async () => {
    const files = { "dev.json": STATE, "dev.json.bak": BEFORE, "dev.json.attrs": '{"md5":"x"}\n', "prod.json": STATE };
    await write(files);
    await mend();
    expect(reports).toEqual([]);
    expect((await readdir(folder)).sort()).toEqual(Object.keys(files).sort());
    for (const [name, before] of Object.entries(files)) expect(await text(name)).toBe(before);
  });

  it("has nothing to do where there is no state yet", async () => {
    await mendStates(path.join(root, "none"), (message) => reports.push(message));
    expect(reports).toEqual([]);
  });

  it.each([["empty", ""] as const, ["cut off", '{"user.cache_control":""'] as const])(
    "removes a note that is %s",
    async (_, note) => {
      await write({ "dev.json": STATE, "dev.json.attrs": note, "dev.json.bak.attrs": note });
      await mend();
      expect(await readdir(folder)).toEqual(["dev.json"]);
      expect(await text("dev.json")).toBe(STATE);
    },
  );

  it.each([["empty", ""] as const, ["cut off", STATE.slice(0, -9)] as const])(
    "takes the copy for a state that is %s, and keeps the copy",
    async (_, state) => {
      await write({ "dev.json": state, "dev.json.bak": BEFORE, "prod.json": STATE });
      await mend();
      expect(reports).toEqual([
        'an earlier run was interrupted as it wrote the state of the stack "dev"; taking the copy from before that',
      ]);
      expect(await text("dev.json")).toBe(BEFORE);
      expect((await readdir(folder)).sort()).toEqual(["dev.json", "dev.json.bak", "prod.json"]);
      expect(await text("prod.json")).toBe(STATE);
    },
  );

  it.each([["no copy", {}] as const, ["a damaged copy", { "dev.json.bak": "{" }] as const])(
    "says where older copies are when there is %s, and changes nothing",
    async (_, copy) => {
      await write({ "dev.json": "{", ...copy });
      await mend();
      expect(reports).toHaveLength(1);
      expect(reports[0]).toContain(`the state of the stack "dev" is damaged`);
      expect(reports[0]).toContain(path.join(folder, "dev.json"));
      expect(reports[0]).toContain(path.join(root, "backups", "shop", "dev"));
      expect(await text("dev.json")).toBe("{");
    },
  );
});
