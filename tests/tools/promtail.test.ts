import path from "node:path";

import { describe, expect, it } from "vitest";

import { caseNames } from "./support/cases";
import { EXPECTED, keptLines, LINES } from "./support/log-lines";
import { startLoki } from "./support/loki";
import { expectAccepted, expectRefused, useRendered, useTool } from "./support/tool";
import { runCommand } from "../../toolchain/command";

const NATIVE = path.join(__dirname, "../../configs/promtail/promtail.yaml");
const CONFIG = "/etc/promtail/promtail.yaml";

const promtail = useTool("promtail");
const loki = useTool("loki");
const rendered = useRendered();
const check = (file: string) => promtail(["-check-syntax", `-config.file=${file}`]);

describe("promtail.yaml", () => {
  it.concurrent("is valid as committed", async () => {
    expectAccepted(await check(NATIVE));
  });

  it.concurrent.each(caseNames)("is valid for %s", async (name) => {
    expectAccepted(await check(rendered(name).at(CONFIG)));
  });
});

describe("promtail refuses", () => {
  it.concurrent("an unknown key", async () => {
    const file = await rendered("the defaults").copy(CONFIG, (text) => text.replace("positions:", "position:"));
    expectRefused(await check(file), /field position not found/);
  });

  it.concurrent("a stage that is not there", async () => {
    const file = await rendered("the defaults").copy(CONFIG, (text) => text.replace("- regex:", "- regexp:"));
    const result = await promtail(["-stdin", "-dry-run", "-server.disable", `-config.file=${file}`]);
    expectRefused(result, /regexp/);
  });
});

describe("Promtail and Loki", () => {
  it("keep every line with its level as a label and its trace beside it", async () => {
    const files = rendered("the defaults");
    const address = await startLoki(loki.path(), files);
    const config = await files.copy(CONFIG, (text) => text.replace("http://loki:3100", address));
    const lines = await files.put("/data/lines.txt", `${LINES.map(([line]) => line).join("\n")}\n`);
    // From standard input Promtail uses the pipeline of the first scrape configuration, which is the only one.
    const shell = ["-c", 'exec "$0" -stdin -server.disable "-config.file=$1" < "$2"', promtail.path(), config, lines];
    expectAccepted(await runCommand("sh", shell, { timeout: 60_000 }));

    const kept = await keptLines(address, '{environment="test"}');
    expect(kept.lines).toEqual(EXPECTED);
    // Panels choose by the level that Loki finds itself.
    for (const { level, detected_level: found } of kept.streams) expect(found).toBe(level);
    // A trace's id in a label would make a stream of every request.
    expect(kept.labels).toEqual(["environment", "level", "service_name"]);
  });
});
