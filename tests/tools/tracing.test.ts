import path from "node:path";

import { describe, it } from "vitest";

import { caseNames, type CaseName } from "./support/cases";
import { collectorCases, collectorsIn, placed, useRenderedCollectors } from "./support/collector";
import { expectAccepted, expectRefused, useRendered, useTool } from "./support/tool";

const CONFIGS = path.join(__dirname, "../../configs");
const COLLECTOR = "/etc/otel-collector/collector.yaml";
const JAEGER = "/etc/jaeger/jaeger.yaml";
const QUEUE = "/var/lib/otelcol";

const otelcol = useTool("otelcol");
const jaeger = useTool("jaeger");
const rendered = useRendered();
const renderedCollectors = useRenderedCollectors(collectorCases);

/** A copy whose queue directory exists, which the validation asks for. */
async function collectorOf(name: CaseName, change: (text: string) => string = (text) => text): Promise<string> {
  const files = rendered(name);
  await files.directory(QUEUE);
  return files.copy(COLLECTOR, (text) => change(files.relocated(text, QUEUE)));
}

describe("collector.yaml", () => {
  it.concurrent("is valid as committed", async () => {
    const queue = await rendered("the defaults").directory(QUEUE);
    expectAccepted(
      await otelcol([
        "validate",
        `--config=${path.join(CONFIGS, "otel-collector/collector.yaml")}`,
        `--set=extensions::file_storage::directory=${queue}`,
        `--set=extensions::file_storage::compaction::directory=${queue}`,
      ]),
    );
  });

  it.concurrent.each(caseNames)("is valid for %s", async (name) => {
    expectAccepted(await otelcol(["validate", `--config=${await collectorOf(name)}`]));
  });

  it.concurrent.each(collectorCases)("is valid for each collector of %s", async (name) => {
    const files = renderedCollectors(name);
    for (const collector of collectorsIn(files)) {
      expectAccepted(await otelcol(["validate", `--config=yaml:${await placed(files, collector)}`]));
    }
  });
});

describe("agent.yaml", () => {
  it.concurrent("is valid as committed", async () => {
    expectAccepted(await otelcol(["validate", `--config=${path.join(CONFIGS, "otel-collector/agent.yaml")}`]));
  });
});

describe("jaeger.yaml", () => {
  it.concurrent("is valid as committed", async () => {
    expectAccepted(await jaeger(["validate", `--config=${path.join(CONFIGS, "jaeger/jaeger.yaml")}`]));
  });

  it.concurrent.each(caseNames)("is valid for %s", async (name) => {
    expectAccepted(await jaeger(["validate", `--config=${rendered(name).at(JAEGER)}`]));
  });
});

describe("otelcol refuses", () => {
  it.concurrent("an unknown key", async () => {
    const file = await collectorOf("the defaults", (text) => text.replace("check_interval", "check_intervall"));
    expectRefused(await otelcol(["validate", `--config=${file}`]), /invalid keys: check_intervall/);
  });

  it.concurrent("a pipeline to an exporter that is not there", async () => {
    const file = await collectorOf("the defaults", (text) => text.replace(/- otlphttp\/loki$/m, "- otlphttp/nowhere"));
    expectRefused(
      await otelcol(["validate", `--config=${file}`]),
      /exporter "otlphttp\/nowhere" which is not configured/,
    );
  });

  it.concurrent("a queue directory that is not there", async () => {
    const file = await collectorOf("the defaults", (text) => text.replaceAll(QUEUE, `${QUEUE}-missing`));
    expectRefused(await otelcol(["validate", `--config=${file}`]), /directory must exist/);
  });
});

describe("jaeger refuses", () => {
  it.concurrent("an unknown key", async () => {
    const file = await rendered("the defaults").copy(JAEGER, (text) => text.replace("ephemeral", "ephemera"));
    expectRefused(await jaeger(["validate", `--config=${file}`]), /invalid keys: ephemera/);
  });

  it.concurrent("a pipeline to an exporter that is not there", async () => {
    const file = await rendered("the defaults").copy(JAEGER, (text) =>
      text.replace("- jaeger_storage_exporter", "- elsewhere"),
    );
    expectRefused(await jaeger(["validate", `--config=${file}`]), /exporter "elsewhere" which is not configured/);
  });
});
