import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { UsageError } from "../../operations/fail";
import type { Session } from "../../operations/session";
import { verify } from "../../operations/verbs/verify";
import { targets } from "../../operations/verify/metrics";
import { readiness } from "../../operations/verify/readiness";
import { repeated } from "../../operations/verify/repeated";

/** A stack of Prometheus and one program that Prometheus has not reached at its first looks. */
async function beginning(looks: number): Promise<Session> {
  const target = (job: string, health: string) => ({
    labels: { job },
    scrapeUrl: `http://${job}`,
    health,
    lastError: "",
  });
  let looked = 0;
  const server = createServer((_, response) => {
    looked += 1;
    const activeTargets = [target("prometheus", "up"), target("jaeger", looked > looks ? "up" : "down")];
    response.end(JSON.stringify({ data: { activeTargets } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const program = (name: string, healthSeenBy: string) => ({ name, image: name, runs: "always", healthSeenBy });
  const client = {
    reach: () => Promise.resolve(`http://127.0.0.1:${port}`),
    state: () => Promise.resolve({ running: true, standIn: false, health: "healthy" }),
  };
  const programs = [program("prometheus", "platform"), program("jaeger", "prometheus")];
  return { client, outputs: { programs } } as unknown as Session;
}

describe("a program that has just begun", () => {
  it.each([
    ["readiness", readiness],
    ["target", targets],
  ])("gets a scrape interval before its %s is judged", async (_, look) => {
    const checks = await look(await beginning(2));
    expect(checks.filter(({ verdict }) => verdict !== "ok")).toEqual([]);
  });
});

describe("verify --wait", () => {
  afterEach(() => void vi.useRealTimers());

  it("refuses what is no number of minutes", async () => {
    for (const wait of ["soon", "-1", "5m", ""])
      await expect(verify("dev", { json: false, strict: false, wait })).rejects.toThrow(UsageError);
  });

  it.each([
    ["ends with the first good result", 60_000, 3, 3],
    ["gives up when the time is over", 60_000, Infinity, 13],
    ["looks once where nothing is waited for", 0, Infinity, 1],
  ])("%s", async (_, ms, goodAt, looks) => {
    vi.useFakeTimers({ toFake: ["Date", "setTimeout"] });
    let looked = 0;
    const told: number[] = [];
    const pause = (wait: number) => vi.advanceTimersByTimeAsync(wait).then(() => {});
    const attempt = () => Promise.resolve((looked += 1));
    const isGood = (look: number) => look >= goodAt;
    expect(await repeated(attempt, { isGood, ms, again: (look) => told.push(look), pause })).toBe(looks);
    expect(told).toEqual(Array.from({ length: looks - 1 }, (__, index) => index + 1));
  });
});
