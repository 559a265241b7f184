import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Step } from "../../operations/backup/plan";
import { NEW } from "../../operations/backup/swap";
import type { Session } from "../../operations/session";
import { exchange } from "../../operations/verbs/restore";
import { FolderClient, programOf } from "./support/folder-client";

describe("a restore's exchange", () => {
  let platform: FolderClient;
  const programs = ["prometheus", "loki", "promtail"].map((name) => programOf(name));
  const steps = programs.map((program) => ({ program, volume: `stack-${program.name}` })) as unknown as Step[];

  const session = () => ({ client: platform.client, outputs: { programs } }) as unknown as Session;
  const contents = () =>
    Promise.all(steps.map(({ volume }) => readFile(path.join(platform.root, volume, "data"), "utf8")));

  beforeEach(async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    platform = await FolderClient.create();
    for (const { volume } of steps) {
      await mkdir(path.join(platform.root, volume, NEW), { recursive: true });
      await writeFile(path.join(platform.root, volume, "data"), "old");
      await writeFile(path.join(platform.root, volume, NEW, "data"), "new");
    }
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await platform.remove();
  });

  it("stops what sends before what it sends to, and leaves the new data alone", async () => {
    await exchange(session(), steps, { seconds: 1 });
    expect(platform.events).toEqual([
      ...["stop promtail", "stop loki", "stop prometheus"],
      ...["start prometheus", "start loki", "start promtail"],
    ]);
    expect(await contents()).toEqual(["new", "new", "new"]);
    for (const { volume } of steps) expect(await readdir(path.join(platform.root, volume))).toEqual(["data"]);
  });

  it("puts every program's old data back when one does not come up with the new", async () => {
    platform.ill.add("loki");
    await expect(exchange(session(), steps, { seconds: 0 })).rejects.toThrow(
      /nothing was restored, and the old data is back: loki is unhealthy/,
    );
    expect(await contents()).toEqual(["old", "old", "old"]);
    expect(platform.events.slice(-3)).toEqual(["start prometheus", "start loki", "start promtail"]);
  });

  it("puts it back as well when a volume can not be exchanged", async () => {
    await mkdir(path.join(platform.root, "stack-loki", ".restore-moving"));
    await expect(exchange(session(), steps, { seconds: 1 })).rejects.toThrow(/the old data is back/);
    expect(await contents()).toEqual(["old", "old", "old"]);
  });
});
