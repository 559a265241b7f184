import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { images, type ImageName } from "../../components/images";
import type { ResolvedOutputs } from "../../components/stack-outputs";
import { openPlatform } from "../../operations/platform";
import type { PlatformClient } from "../../operations/platform/client";
import { startRealCluster, whyNoRealNode } from "../../toolchain/cluster/real-cluster";
import type { Cluster } from "../../toolchain/cluster";
import { ClusterView } from "./support/cluster-objects";
import { eventually, getJson, postJson } from "./support/eventually";
import { failures, type Verified } from "./support/verbs";
import { ClusterCheckout, signalsOf } from "./support/verbs-kubernetes";

const IMAGES: readonly ImageName[] = [
  "alertmanager",
  "busybox",
  "grafana",
  "jaeger",
  "loki",
  "nodeExporter",
  "otelCollector",
  "postgresExporter",
  "prometheus",
  "promtail",
  "redisExporter",
];

/** The verbs that speak with running programs, on a real kubelet; the tests follow each other in this order. */
describe.skipIf(whyNoRealNode() !== undefined)("npx monitoring, on a real node", () => {
  let cluster: Cluster;
  let view: ClusterView;
  let checkout: ClusterCheckout;
  let folder: string;
  let client: PlatformClient;
  let outputs: ResolvedOutputs;

  beforeAll(async () => {
    cluster = await startRealCluster({ images: IMAGES.map((name) => images[name].reference) });
    view = new ClusterView(cluster.kubeconfig);
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "pyairtable" } };
    await view.client.call("POST", "/api/v1/namespaces", { body: namespace });
    checkout = await ClusterCheckout.create(inject("workspace").folder as string, cluster);
    folder = await mkdtemp(path.join(tmpdir(), `${checkout.stack}-backups-`));
  }, 3_600_000);

  afterAll(async () => {
    await client?.close();
    await checkout?.run("cleanup", "--yes");
    await checkout?.remove();
    view?.close();
    await cluster?.stop();
    if (folder) await rm(folder, { recursive: true });
  });

  const succeed = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await checkout.run(...args);
    expect(code, stderr + stdout).toBe(0);
    return stdout;
  };
  /** Opens the stack past the verbs, as they do. */
  const open = async () => {
    await client?.close();
    const { stdout } = await checkout.pulumi("stack", "output", "--json", "--show-secrets");
    outputs = JSON.parse(stdout) as ResolvedOutputs;
    client = await openPlatform(outputs);
  };
  const program = (name: string) => {
    const found = outputs.programs.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };
  /** A stand-in may hold Grafana's place on this machine, which a cluster does not tell. */
  const verified = async () => {
    const { stdout, stderr } = await checkout.run("verify", "--json");
    expect(stdout, stderr).not.toBe("");
    const result = JSON.parse(stdout) as Verified;
    const { status } = await fetch(`${await client.reach(program("grafana"))}/api/datasources`);
    const excused = status !== 404 ? /^$/ : /^data source \| grafana \| \S+ answered 404/;
    return { ...result, failed: failures(result).filter((line) => !excused.test(line)) };
  };
  const helpers = async () =>
    (await view.list("/api/v1/pods")).filter(({ metadata }) => metadata.name.startsWith("monitoring-operator"));

  it("deploys, and every program is healthy", async () => {
    expect(JSON.parse(await succeed("deploy", "loki", "--json"))).toMatchObject({ healthy: true });
    await open();
  });

  it("verifies every part, and finds a signal of each kind again", async () => {
    const { failed, checks } = await verified();
    expect(failed).toEqual([]);
    const good = checks.filter(({ verdict }) => verdict === "ok").map(({ check }) => check);
    for (const check of ["readiness", "target", "rules", "alert delivery", "disk", "metric", "trace", "log", "alert"])
      expect(good).toContain(check);
    expect(await helpers()).toEqual([]);
  });

  it("shows memory and disk beside limits", async () => {
    type Program = { name: string; memory: number | null; memoryLimit: number; disk: number | null; data?: unknown };
    // A node measures a pod some seconds after its start.
    const programs = await eventually("memory of every program", async () => {
      const found = (JSON.parse(await succeed("status", "--json")) as { programs: Program[] }).programs;
      return found.every(({ memory }) => memory !== null) ? found : undefined;
    });
    for (const { memory, memoryLimit } of programs) {
      expect(memory).toBeGreaterThan(2 ** 18);
      expect(memory).toBeLessThan(memoryLimit);
    }
    for (const name of ["prometheus", "loki"]) {
      const disk = programs.find((candidate) => candidate.name === name)?.disk ?? 0;
      expect(disk).toBeGreaterThan(2 ** 12);
      expect(disk).toBeLessThan(2 ** 30);
    }
  });

  it("prints logs of one program and of all, and follows one over a restart of its pod", async () => {
    expect((await succeed("logs", "prometheus", "--tail", "3")).trim().split("\n")).toHaveLength(3);
    const all = await succeed("logs", "--tail", "1");
    expect(all).toMatch(/^prometheus +\| /m);
    expect(all).toMatch(/^jaeger +\| /m);

    const lines: string[] = [];
    void client.logs(program("redis-exporter"), { follow: true, tail: 0 }, (line) => lines.push(line)).catch(() => {});
    const pods = `/api/v1/namespaces/${checkout.stack}/pods`;
    const query = { labelSelector: "app.kubernetes.io/name=redis-exporter" };
    await view.client.call("DELETE", pods, { query });
    await eventually("the first lines of the next pod", () =>
      Promise.resolve(lines.some((line) => line.includes("Redis Metrics Exporter")) || undefined),
    );
  });

  it("runs a command inside a program, and reaches a program over a restart of its pod", async () => {
    expect(await client.exec(program("prometheus"), ["sh", "-c", "echo out; exit 3"])).toEqual({
      succeeded: false,
      output: "out\n",
    });
    const without = await client.exec(program("loki"), ["sh", "-c", "true"]);
    expect(without).toMatchObject({ succeeded: false, output: expect.stringContaining("sh") as string });

    const url = await client.reach(program("alertmanager"));
    await getJson(`${url}/api/v2/status`);
    await client.stop(program("alertmanager"));
    expect((await fetch(`${url}/api/v2/status`)).status).toBe(502);
    await client.start(program("alertmanager"));
    expect(await client.reach(program("alertmanager"))).toBe(url);
    await eventually("an answer of the new pod", () => getJson(`${url}/api/v2/status`));
  });

  it("lists dashboards, and applies an edited file to Grafana alone", async () => {
    const file = path.join(checkout.checkout.folder, "configs/grafana/dashboards/ai-cost.json");
    const text = await readFile(file, "utf8");
    await writeFile(file, JSON.stringify({ ...(JSON.parse(text) as object), title: "Edited by hand" }));
    expect(await succeed("dashboards")).toContain("Edited by hand");
    const uids = async () => {
      const pods = await view.list(`/api/v1/namespaces/${checkout.stack}/pods`);
      return Object.fromEntries(pods.map(({ metadata }) => [metadata.name, metadata.uid]));
    };
    const before = await uids();
    await succeed("dashboards", "apply");
    const after = await uids();
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual(["grafana-0"]);
    const inside = await client.exec(program("grafana"), ["cat", "/etc/grafana/dashboards/ai-cost.json"]);
    expect(inside.output).toContain("Edited by hand");
  });

  describe("with a backup", () => {
    let seeded: Verified["probe"];
    const ALL = { samples: 1, traces: 1, lines: 1, silences: ["kept over a cleanup"], file: "edited by hand" };
    const MARK = "/var/lib/grafana/mark";
    const found = async () => ({
      ...(await signalsOf(seeded, (name) => client.reach(program(name)))),
      file: (await client.exec(program("grafana"), ["cat", MARK])).output,
    });

    it("copies everything that the programs keep, and lets them go on", async () => {
      seeded = (await verified()).probe;
      await postJson(`${await client.reach(program("alertmanager"))}/api/v2/silences`, {
        matchers: [{ name: "service", value: "nothing", isRegex: false, isEqual: true }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 3_600_000).toISOString(),
        createdBy: "test",
        comment: "kept over a cleanup",
      });
      await client.exec(program("grafana"), ["sh", "-c", `printf 'edited by hand' > ${MARK}; chmod 600 ${MARK}`]);
      expect(await found()).toEqual(ALL);
      await succeed("backup", path.join(folder, "first"));
      expect(await found()).toEqual(ALL);
      expect(await helpers()).toEqual([]);
    });

    it("gives a program its copies back at the next deploy, where a backup was killed", async () => {
      const { state, folder: cwd, stack } = checkout.checkout;
      const env = { ...process.env, PYAIRTABLE_MONITORING_STATE: state };
      const args = ["operations/monitoring.mjs", "backup", path.join(folder, "killed"), "--stack", stack];
      const backup = spawn(process.execPath, args, { cwd, env, stdio: "ignore" });
      const ended = new Promise((resolve) => backup.once("close", resolve));
      const stopped = { "statefulset/prometheus": "0 of 0" };
      await eventually("a stopped program", async () => {
        expect(await view.readiness(stack)).toMatchObject(stopped);
        return true;
      });
      backup.kill("SIGKILL");
      await ended;
      expect(await view.readiness(stack)).toMatchObject(stopped);
      await succeed("deploy");
      expect(await view.readiness(stack)).toMatchObject({ "statefulset/prometheus": "1 of 1" });
      expect(await helpers()).toEqual([]);
    });

    it("cleans up, and leaves nothing", async () => {
      await succeed("cleanup", "--yes");
      expect(await checkout.leftovers(view)).toEqual({ namespaces: [], volumes: [], clusterWide: [] });
    });

    it("brings everything back to a new stack", { timeout: 900_000 }, async () => {
      await succeed("deploy");
      await open();
      expect(await found()).toMatchObject({ samples: 0, traces: 0, lines: 0, silences: [] });
      await succeed("restore", path.join(folder, "first"), "--yes");
      const back = await eventually("everything of the backup", async () => {
        const now = await found();
        return now.samples + now.traces + now.lines === 3 ? now : undefined;
      });
      expect(back).toEqual(ALL);
      // The shipper waits ever longer for a store that does not answer, and the rule about it looks back ten minutes: longer than
      // a test should wait, and what `verify --wait` is for.
      await eventually(
        "a stack that is well",
        async () => {
          expect((await verified()).failed.filter((line) => !/promtail/i.test(line))).toEqual([]);
          return true;
        },
        180,
      );
      expect(await helpers()).toEqual([]);
    });
  });
});
