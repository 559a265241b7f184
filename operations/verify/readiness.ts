import { setTimeout as sleep } from "node:timers/promises";

import { failed, ok, warning, type Check } from "../checks";
import { healthOf } from "../health";
import { programNamed, type Session } from "../session";
import { NEXT_SCRAPE_MS } from "./metrics";

const CHECK = "readiness";
const POLL_MS = 500;

/** Whether every program runs and says that it is ready. */
export async function readiness({ client, outputs }: Session): Promise<Check[]> {
  const prometheus = await client.reach(programNamed(outputs, "prometheus"));
  const look = () => Promise.all(outputs.programs.map((program) => healthOf(client, program, prometheus)));
  const end = Date.now() + NEXT_SCRAPE_MS;
  let states = await look();
  // What has just begun, or is scraped and has not been since, is so no longer than this.
  while (states.some(({ health }) => health === "starting") && Date.now() < end) {
    await sleep(POLL_MS);
    states = await look();
  }
  return states.map(({ program: { name, image }, health, detail, standIn }) => {
    if (health !== "healthy") return failed(CHECK, name, `${health}: ${detail ?? "no reason known"}`);
    if (!standIn) return ok(CHECK, name, "ready");
    return warning(CHECK, name, `a stand-in holds its place, since ${image} can not be had on this machine`);
  });
}
