import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { ofStack } from "../../components/platform/labels";
import { stateIn } from "../../operations/state-files";
import { PROJECT_ROOT, statesOf } from "../../operations/workspace";
import { eventually } from "./support/eventually";
import { docker, leftoversOf, removeLeftovers, uniqueName, writeConfiguration } from "./support/test-stack";

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Started {
  readonly healthy: boolean;
  readonly programs: readonly {
    readonly name: string;
    readonly source: string;
    readonly health: string;
    readonly url: string | null;
  }[];
}

const TSX = path.join(PROJECT_ROOT, "node_modules/.bin/tsx");

/** A process and everything it started, by their ids. */
async function descendants(root: number): Promise<number[]> {
  const ids = (await readdir("/proc")).map(Number).filter((id) => id > 0);
  const parents = new Map<number, number>();
  for (const id of ids) {
    const status = await readFile(`/proc/${id}/status`, "utf8").catch(() => "");
    parents.set(id, Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]));
  }
  const found = [root];
  for (const parent of found) found.push(...ids.filter((id) => parents.get(id) === parent));
  return found;
}

const PORTS = "pyairtable-monitoring:ports";

async function portsOf(configuration: string): Promise<Record<string, number>> {
  const { config } = load(await readFile(configuration, "utf8")) as { config: { [PORTS]: Record<string, number> } };
  return config[PORTS];
}

/** @param port any free one, for 0. */
async function listen(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}

/** `npm start` as a person uses it, with one configuration after the other. */
describe("npm start", () => {
  const stack = uniqueName();
  let folder: string;
  let configuration: string;

  const run = (
    script: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): { child: ChildProcess; ended: Promise<Ended> } => {
    const state = inject("workspace").folder as string;
    const child = spawn(TSX, [path.join(PROJECT_ROOT, "operations", script), ...args], {
      cwd: PROJECT_ROOT,
      env: { ...process.env, PYAIRTABLE_MONITORING_STATE: state, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    return { child, ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr }))) };
  };
  const start = (env?: NodeJS.ProcessEnv) =>
    run("start.ts", ["--stack", stack, "--config", configuration, "--json"], env).ended;
  const ids = async () => {
    const all = await docker.listContainers({ all: true, filters: ofStack(stack) });
    return all.map(({ Id }) => Id).sort();
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), `${stack}-`));
    configuration = await writeConfiguration(folder, stack, {});
  });

  afterAll(async () => {
    await removeLeftovers(stack);
    await rm(folder, { recursive: true, force: true });
  });

  it("says what to do when no engine answers, and creates nothing", async () => {
    const { code, stderr } = await start({ DOCKER_HOST: "unix:///nonexistent/docker.sock" });
    expect(code).toBe(2);
    expect(stderr).toContain(
      "error: the Docker engine at DOCKER_HOST=unix:///nonexistent/docker.sock does not answer; start it, or unset DOCKER_HOST",
    );
  });

  it("lists every problem of the configuration, and creates nothing", async () => {
    const bad = path.join(folder, "bad.yaml");
    const text = await readFile(configuration, "utf8");
    await writeFile(
      bad,
      `${text}  pyairtable-monitoring:prometheusRetention: -1d\n  pyairtable-monitoring:slackChannel: "#alerts"\n`,
    );
    const { code, stderr } = await run("start.ts", ["--stack", stack, "--config", bad]).ended;
    expect(code).toBe(1);
    expect(stderr).toContain("2 problems");
    expect(stderr).toMatch(/prometheusRetention: got "-1d"; expected a duration/);
    expect(stderr).toMatch(
      /slackWebhookUrl: got nothing; expected a value, since slackChannel chooses the Slack channel/,
    );
    expect(await ids()).toEqual([]);
  });

  it("names a port that another program holds, and creates nothing", async () => {
    const port = (await portsOf(configuration)).loki as number;
    const holder = await listen(port);
    const { code, stderr } = await start();
    await new Promise((resolve) => holder.close(resolve));
    expect(code).toBe(1);
    expect(stderr).toContain(
      `${port}, which loki is to publish. Move it with: pulumi config set --path 'ports.loki' <port>`,
    );
    expect(await ids()).toEqual([]);
  });

  it("goes through after a run that was killed in its middle", async () => {
    const { child, ended } = run("start.ts", ["--stack", stack, "--config", configuration, "--json"]);
    await eventually("the first containers", async () => ((await ids()).length >= 3 ? true : undefined), 90);
    // As when the power fails: this command, the engine below it, and the program below that.
    for (const pid of await descendants(child.pid as number)) process.kill(pid, "SIGKILL");
    await ended;

    const { code, stdout, stderr } = await start();
    expect(stderr).toContain("an earlier run was interrupted");
    expect(code, stderr).toBe(0);
    const { healthy, programs } = JSON.parse(stdout) as Started;
    expect(healthy).toBe(true);
    expect(programs.filter(({ health }) => health !== "healthy")).toEqual([]);
    expect(programs).toHaveLength(11);
  });

  it("changes nothing the second time", async () => {
    const before = await ids();
    const { code, stderr } = await start();
    expect(code, stderr).toBe(0);
    expect(await ids()).toEqual(before);
  });

  it("goes through when the power failed as the engine wrote its state", async () => {
    const state = stateIn(statesOf(inject("workspace").folder as string), stack);
    const before = await ids();
    await writeFile(state, (await readFile(state, "utf8")).slice(0, 1000));
    await writeFile(`${state}.attrs`, "");
    const { code, stderr } = await start();
    expect(stderr).toContain(`as it wrote the state of the stack "${stack}"; taking the copy from before that`);
    expect(code, stderr).toBe(0);
    expect(await ids()).toEqual(before);
  });

  it("starts what a person stopped and makes again what was removed, without touching the rest", async () => {
    const idOf = async (program: string) => (await docker.getContainer(`${stack}-${program}`).inspect()).Id;
    const [loki, jaeger, cadvisor] = [await idOf("loki"), await idOf("jaeger"), await idOf("cadvisor")];
    await docker.getContainer(loki).stop();
    await docker.getContainer(cadvisor).remove({ force: true });
    const { code, stderr } = await start();
    expect(code, stderr).toBe(0);
    expect([await idOf("loki"), await idOf("jaeger")]).toEqual([loki, jaeger]);
    expect(await idOf("cadvisor")).not.toBe(cadvisor);
  });

  it("names a port that was taken from a stopped program, and brings that program up at another", async () => {
    const old = (await portsOf(configuration)).grafana as number;
    const before = await ids();
    await docker.getContainer(`${stack}-grafana`).stop();
    const [holder, spare] = [await listen(old), await listen(0)];
    try {
      const refused = await start();
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(`${old}, which grafana is to publish.`);
      expect(await ids()).toEqual(before);

      const { port } = spare.address() as AddressInfo;
      await new Promise((resolve) => spare.close(resolve));
      const text = await readFile(configuration, "utf8");
      await writeFile(configuration, text.replace(`grafana: ${old}`, `grafana: ${port}`));
      const { code, stdout, stderr } = await start();
      expect(stderr).toContain(`${stack}-grafana does not start: `);
      expect(code, stderr).toBe(0);
      const { programs } = JSON.parse(stdout) as Started;
      expect(programs.find(({ name }) => name === "grafana")?.url).toBe(`http://127.0.0.1:${port}`);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
      spare.close();
    }
  });

  it("is undone by a destroy that keeps the volumes", async () => {
    const { code, stderr } = await run("pulumi.ts", ["destroy", "--yes", "--skip-preview", "--stack", stack]).ended;
    expect(code, stderr).toBe(0);
    const { containers, networks, volumes } = await leftoversOf(stack);
    expect({ containers, networks, volumes: volumes.length }).toEqual({ containers: [], networks: [], volumes: 7 });
  });
});
