import { describe, expect, it } from "vitest";

import { healthOf } from "../../operations/health";
import type { PlatformClient, ProgramState } from "../../operations/platform/client";
import { programOf } from "./support/folder-client";

const client = (state: Partial<ProgramState>) =>
  ({ state: () => Promise.resolve({ running: true, standIn: false, ...state }) }) as unknown as PlatformClient;
const health = async (state: Partial<ProgramState>, program = programOf("loki")) => {
  const { health: verdict, detail } = await healthOf(client(state), program, "http://127.0.0.1:1");
  return [verdict, detail];
};

describe("a program's health", () => {
  it("is what the platform sees, where it has a check of its own", async () => {
    expect(await health({ health: "healthy" })).toEqual(["healthy", undefined]);
    expect(await health({ health: "unhealthy", detail: "503" })).toEqual(["unhealthy", "503"]);
    expect(await health({ running: false, exitCode: 137, detail: "killed" })).toEqual(["stopped", "killed"]);
  });

  it("is not known while Prometheus, which sees it, does not answer", async () => {
    const seen = { ...programOf("promtail"), healthSeenBy: "scrape" as const };
    expect(await health({}, seen)).toEqual(["starting", "Prometheus, which tells of its health, does not answer"]);
  });

  it("of what runs to its end is good once it got there without a failure", async () => {
    const setup = { ...programOf("elasticsearch-setup"), runs: "once" as const };
    expect(await health({ running: false, exitCode: 0, detail: "ended" }, setup)).toEqual(["healthy", undefined]);
    expect(await health({ running: true }, setup)).toEqual(["starting", "has not ended yet"]);
    expect(await health({ running: false, exitCode: 1, detail: "ended with exit code 1" }, setup)).toEqual([
      "stopped",
      "ended with exit code 1",
    ]);
  });
});
