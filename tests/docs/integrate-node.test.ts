import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";

import { runCommand } from "../../toolchain/command";
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
import { nodeModulesOf } from "./support/packages";
import { collectSpans, environmentFor, startService } from "./support/service";

const SERVICE = "automation-services";
const guide = new Guide("integrate-node.md");
const promtool = useTool("promtool");
const otelcol = useTool("otelcol");
const rendered = useRendered(["the defaults"]);

let packages = "";
beforeAll(async () => {
  packages = await nodeModulesOf(guide.code("package.json"));
});

async function folderWithPackages(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "guide-node-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await symlink(path.join(packages, "node_modules"), path.join(folder, "node_modules"));
  return folder;
}

describe("docs/integrate-node.md", () => {
  it("has a program whose metrics, traces and logs the stack understands", async () => {
    const collector = await collectSpans(otelcol.path(), rendered("the defaults"));
    const folder = await folderWithPackages();
    await guide.write(folder, "instrumentation.js", "server.js");
    const { service: port } = await freePorts("service");
    const url = `http://127.0.0.1:${port}`;
    const service = await startService(process.execPath, guide.commandArguments("node"), {
      cwd: folder,
      env: { ...environmentFor(SERVICE, collector.http), PORT: String(port) },
      url,
    });
    await callService(url);
    const page = await pageOf(`${url}/metrics`);
    await expectGoodPage(promtool.path(), page, folder);
    expectContract(page);
    expectCounted(page);
    expectLogged(service, await expectTraced(SERVICE, collector.spans));
  });
});

/** What Next does with the files: it runs `register`, and route handlers within a span of the request. */
const INSTEAD_OF_NEXT = `
import { SpanKind, trace } from "@opentelemetry/api";
import { GET } from "./app/api/metrics/route";
import { POST } from "./app/api/workflows/route";
import { register } from "./instrumentation";

async function main() {
  await register();
  const request = (body: string) => new Request("http://localhost/api/workflows", { method: "POST", body });
  const traced = (target: string, run: () => Promise<unknown>) =>
    trace.getTracer("next.js").startActiveSpan("POST", { kind: SpanKind.SERVER, attributes: { "http.target": target } },
      (span) => run().catch(() => {}).finally(() => span.end()));
  await traced("/api/workflows", () => POST(request('{"rows":[1]}')));
  await traced("/api/workflows", () => POST(request("{}")));
  await traced("/api/metrics", GET);
  const page = await GET();
  console.log(JSON.stringify({ type: page.headers.get("content-type"), page: await page.text() }));
  setTimeout(() => process.exit(0), 2_000);
}
void main();
`;

const NEXT_FILES = [
  "instrumentation.ts",
  "tracing.ts",
  "lib/metrics.ts",
  "app/api/metrics/route.ts",
  "app/api/workflows/route.ts",
];

describe("docs/integrate-node.md, for Next.js", () => {
  it("has files that count, trace and log", async () => {
    const collector = await collectSpans(otelcol.path(), rendered("the defaults"));
    const folder = await folderWithPackages();
    for (const file of NEXT_FILES) {
      await mkdir(path.join(folder, path.dirname(file)), { recursive: true });
      await guide.write(path.join(folder, path.dirname(file)), file);
    }
    await writeFile(path.join(folder, "main.ts"), INSTEAD_OF_NEXT);
    const { succeeded, stdout, output } = await runCommand(
      process.execPath,
      ["--import", require.resolve("tsx"), "main.ts"],
      { cwd: folder, env: { ...environmentFor("frontend", collector.http), NEXT_RUNTIME: "nodejs" }, timeout: 60_000 },
    );
    expect(succeeded, output).toBe(true);
    const lines = stdout.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    const { type, page } = lines.pop() as { type: string; page: string };
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
    await expectGoodPage(promtool.path(), page, folder);
    expectContract(page, ["http_requests_total", "http_request_duration_seconds_count"]);
    const requests = samplesOf(page).filter(({ name }) => name === "http_requests_total");
    expect(requests.map(({ labels, value }) => [labels.status, value])).toEqual([
      ["200", 1],
      ["500", 1],
    ]);
    await vi.waitFor(() => expect(collector.spans).toHaveLength(2), { timeout: 20_000 });
    expect(lines.map(({ trace_id: id }) => id).sort()).toEqual(collector.spans.map(({ traceId }) => traceId).sort());
    expect(lines.map(({ level }) => level)).toEqual(["info", "error"]);
  });
});
