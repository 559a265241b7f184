import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { freePorts } from "../../toolchain/free-ports";
import { useRendered, useTool } from "../tools/support/tool";
import {
  callService,
  expectContract,
  expectCounted,
  expectGoodPage,
  expectLogged,
  expectTraced,
  pageOf,
  samplesOf,
} from "./support/behaviour";
import { Guide } from "./support/guide";
import { pythonWith } from "./support/packages";
import { collectSpans, environmentFor, startService } from "./support/service";

const SERVICE = "platform-services";
const guide = new Guide("integrate-python.md");
const promtool = useTool("promtool");
const otelcol = useTool("otelcol");
const rendered = useRendered(["the defaults"]);

const ONE_PROCESS = "gunicorn --bind 0.0.0.0:8007 --workers 1";
const SEVERAL_PROCESSES = "gunicorn --bind 0.0.0.0:8007 --workers 4";

let python = "";
beforeAll(async () => {
  python = await pythonWith(guide.code("requirements.txt"));
});

/** Starts the guide's program as one of its commands does, on a port of its own. */
async function start(beginning: string, collector: string, variables: (folder: string) => Record<string, string>) {
  const folder = await mkdtemp(path.join(tmpdir(), "guide-python-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await guide.write(folder, "app.py");
  await mkdir(path.join(folder, "counts"));
  const { service: port } = await freePorts("service");
  const url = `http://127.0.0.1:${port}`;
  const env = { ...environmentFor(SERVICE, collector), ...variables(folder), HOME: folder };
  const [bind, , ...others] = guide.commandArguments(beginning);
  expect(bind).toBe("--bind");
  const command = ["-m", "gunicorn", "--bind", `127.0.0.1:${port}`, ...others];
  return { folder, url, service: await startService(python, command, { cwd: folder, env, url }) };
}

describe("docs/integrate-python.md", () => {
  it("has a program whose metrics, traces and logs the stack understands", async () => {
    const collector = await collectSpans(otelcol.path(), rendered("the defaults"));
    const { folder, url, service } = await start(ONE_PROCESS, collector.http, () => ({}));
    await callService(url);
    const page = await pageOf(`${url}/metrics`);
    await expectGoodPage(promtool.path(), page, folder);
    expectContract(page);
    expectCounted(page);
    expectLogged(service, await expectTraced(SERVICE, collector.spans));
  });

  it("counts over several processes", async () => {
    const { url } = await start(SEVERAL_PROCESSES, "http://127.0.0.1:9", (folder) => ({
      PROMETHEUS_MULTIPROC_DIR: path.join(folder, "counts"),
      // Else the end of the test waits for spans that nobody takes.
      OTEL_SDK_DISABLED: "true",
    }));
    await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/nothing-here`)));
    // Any of the processes answers, and each gives the sum.
    for (let scrape = 0; scrape < 5; scrape += 1) {
      const samples = samplesOf(await pageOf(`${url}/metrics`));
      const counted = samples.filter(({ name }) => name === "http_requests_total");
      expect(counted.map(({ value }) => value)).toEqual([20]);
    }
  });
});
