import { failed, ok, warning, type Check } from "../checks";
import { healthOf } from "../health";
import { programNamed, type Session } from "../session";

const CHECK = "readiness";

/** Whether every program runs and says that it is ready. */
export async function readiness({ client, outputs }: Session): Promise<Check[]> {
  const prometheus = await client.reach(programNamed(outputs, "prometheus"));
  const states = await Promise.all(outputs.programs.map((program) => healthOf(client, program, prometheus)));
  return states.map(({ program: { name, image }, health, detail, standIn }) => {
    if (health !== "healthy") return failed(CHECK, name, `${health}: ${detail ?? "no reason known"}`);
    if (!standIn) return ok(CHECK, name, "ready");
    return warning(CHECK, name, `a stand-in holds its place, since ${image} can not be had on this machine`);
  });
}
