import { describe, expect, it } from "vitest";

import { startInTurn } from "../../operations/backup/start-in-turn";
import type { PlatformClient } from "../../operations/platform/client";
import { programOf } from "./support/folder-client";

describe("programs that are started again", () => {
  it("begin in their order, Prometheus once Alertmanager takes its alerts", async () => {
    const events: string[] = [];
    let looks = 0;
    const client = {
      start: ({ name }: { name: string }) => Promise.resolve(void events.push(`start ${name}`)),
      state: ({ name }: { name: string }) => {
        looks += 1;
        const health = looks > 1 ? "healthy" : "starting";
        events.push(`${name} is ${health}`);
        return Promise.resolve({ running: true, health, standIn: false });
      },
    } as unknown as PlatformClient;
    const programs = ["alertmanager", "prometheus", "loki"].map((name) => programOf(name));
    await startInTurn(client, programs);
    expect(events).toEqual([
      "start alertmanager",
      "alertmanager is starting",
      "alertmanager is healthy",
      "start prometheus",
      "start loki",
    ]);
  });
});
