import { readFile, rename, writeFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import type { ResolvedOutputs } from "../../components/stack-outputs";
import { KubernetesClient } from "../../operations/platform/kubernetes";
import { startCluster, type Cluster } from "../../toolchain/cluster";
import { ClusterView } from "./support/cluster-objects";
import { eventually } from "./support/eventually";
import { ClusterCheckout, withoutRights } from "./support/verbs-kubernetes";

/**
 * The verbs on a real API server with simulated nodes, on which pods become ready without a container: whatever speaks with a
 * running program is in verbs-real-node.test.ts. The tests follow each other in this order.
 */
describe("npx monitoring, on a cluster with simulated nodes", () => {
  let cluster: Cluster;
  let view: ClusterView;
  let checkout: ClusterCheckout;

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 3 });
    view = new ClusterView(cluster.kubeconfig);
    checkout = await ClusterCheckout.create(inject("workspace").folder as string, cluster);
  }, 3_600_000);

  afterAll(async () => {
    await checkout?.remove();
    view?.close();
    await cluster?.stop();
  });

  const succeed = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await checkout.run(...args);
    expect(code, stderr + stdout).toBe(0);
    return stdout;
  };
  const outputs = async () =>
    JSON.parse((await checkout.pulumi("stack", "output", "--json")).stdout) as ResolvedOutputs;
  const claims = async () =>
    (await view.list(`/api/v1/namespaces/${checkout.stack}/persistentvolumeclaims`)).map(
      ({ metadata }) => metadata.uid,
    );
  const copies = async (program: string) => (await view.readiness(checkout.stack))[program];

  it("looks at the cluster before there is a stack, by the file that the stack will have", async () => {
    const { code, stdout } = await checkout.run("doctor", "--json");
    const { checks } = JSON.parse(stdout) as { checks: { check: string; verdict: string; detail: string }[] };
    expect(checks.find(({ check }) => check === "nodes")?.detail).toContain("3 take pods");
    expect(checks.filter(({ verdict }) => verdict === "failed")).toEqual([]);
    expect(checks.filter(({ verdict }) => verdict === "warning").map(({ check }) => check)).toEqual(["services"]);
    expect(code).toBe(0);
  });

  it("deploys with Loki, and says how to come to each program", async () => {
    const deployed = JSON.parse(await succeed("deploy", "loki", "--json")) as { healthy: boolean };
    expect(deployed.healthy).toBe(true);
    const { urls, portForwards } = JSON.parse(await succeed("urls", "--json")) as {
      urls: object;
      portForwards: Record<string, string>;
    };
    expect(urls).toEqual({});
    expect(portForwards.grafana).toMatch(
      new RegExp(
        `^kubectl --kubeconfig \\S+ --context \\S+ -n ${checkout.stack} port-forward service/grafana \\d+:3000$`,
      ),
    );
    expect(Object.keys(portForwards).sort()).toEqual(
      ["alertmanager", "grafana", "jaeger", "loki", "node-exporter", "prometheus"].sort(),
    );
    expect(await succeed("urls")).toContain(`otel-collector.${checkout.stack}:4317, from the namespace pyairtable`);
  });

  it("shows health, and nothing where nobody measures", async () => {
    type Program = {
      name: string;
      health: string;
      memory: number | null;
      disk: number | null;
      diskSize: number | null;
    };
    const { programs } = JSON.parse(await succeed("status", "--json")) as { programs: Program[] };
    expect(programs.filter(({ health }) => health !== "healthy")).toEqual([]);
    expect(programs.find(({ name }) => name === "loki")).toMatchObject({
      memory: null,
      disk: null,
      diskSize: 10 * 2 ** 30,
    });
  });

  it("names what keeps a program from running", async () => {
    const target = `/apis/apps/v1/namespaces/${checkout.stack}/deployments/redis-exporter`;
    const hold = (reason: string | null) => ({
      contentType: "application/merge-patch+json",
      body: { spec: { template: { metadata: { annotations: { "simulation.local/waiting": reason } } } } },
    });
    await view.client.call("PATCH", target, hold("ImagePullBackOff"));
    try {
      const said = await eventually("its trouble", async () => {
        const { code, stdout } = await checkout.run("status");
        return code === 1 ? stdout : undefined;
      });
      expect(said).toMatch(/redis-exporter: 1 of 1 copies are ready; \S+: ImagePullBackOff/);
    } finally {
      await view.client.call("PATCH", target, hold(null));
    }
  });

  it("deploys again what a killed backup has stopped and a person has removed, with other copies", async () => {
    const client = await KubernetesClient.connect(await outputs());
    const program = (name: string) => ({ name, handle: `${checkout.stack}/statefulset/${name}` }) as never;
    await client.stop(program("loki"));
    await client.start(program("loki"));
    await client.stop(program("alertmanager"));
    await client.close();
    expect(await copies("statefulset/alertmanager")).toBe("0 of 0");
    await view.client.call("DELETE", `/apis/apps/v1/namespaces/${checkout.stack}/deployments/postgres-exporter`);
    const set = await checkout.pulumi("config", "set", "--path", "replicas.prometheus", "2");
    expect(set.code, set.stderr).toBe(0);

    const { code, stdout, stderr } = await checkout.run("deploy", "--json");
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("starting alertmanager, which was scaled to nothing");
    expect(stderr).toContain("programs are missing; reading what there is");
    expect(JSON.parse(stdout)).toMatchObject({ healthy: true });
    expect(await view.readiness(checkout.stack)).toMatchObject({
      "statefulset/alertmanager": "1 of 1",
      "statefulset/loki": "1 of 1",
      "statefulset/prometheus": "2 of 2",
      "deployment/postgres-exporter": "1 of 1",
    });
  });

  it("changes the number of copies of a program that was stopped and started", async () => {
    const client = await KubernetesClient.connect(await outputs());
    const program = { name: "prometheus", handle: `${checkout.stack}/statefulset/prometheus` } as never;
    await client.stop(program);
    await client.start(program);
    await client.close();
    const both = async () => (await copies("statefulset/prometheus")) === "2 of 2" || undefined;
    await eventually("both copies", both);
    await checkout.pulumi("config", "set", "--path", "replicas.prometheus", "1");
    await succeed("deploy");
    expect(await copies("statefulset/prometheus")).toBe("1 of 1");
  });

  it.each([
    ["both", ["loki", "elasticsearch", "kibana"], []],
    ["elk", ["elasticsearch", "kibana"], ["loki"]],
    ["loki", ["loki"], ["elasticsearch", "kibana"]],
  ])("deploys with %s as the log store", async (logging, present, absent) => {
    const deployed = JSON.parse(await succeed("deploy", logging, "--json")) as {
      healthy: boolean;
      programs: { name: string }[];
    };
    const names = deployed.programs.map(({ name }) => name);
    expect(deployed.healthy).toBe(true);
    expect(names).toEqual(expect.arrayContaining(present));
    expect(names.filter((name) => absent.includes(name))).toEqual([]);
  });

  describe("used wrongly", () => {
    const VERBS = [
      ["status"],
      ["verify"],
      ["stop"],
      ["cleanup", "--yes"],
      ["deploy"],
      ["backup", "/nonexistent/folder"],
    ];

    /** Every verb ends with one line, exit code 2, and all as it was. */
    async function refused(message: RegExp): Promise<void> {
      const before = [await view.readiness(checkout.stack), await claims()];
      const ended = [];
      for (const verb of VERBS) ended.push({ verb, ...(await checkout.run(...verb)) });
      for (const { verb, code, stderr } of ended) {
        const said = stderr.split("\n").filter((line) => line.startsWith("error:"));
        expect({ verb, code, lines: said.length, stderr }).toMatchObject({ code: 2, lines: 1 });
        expect(said[0], verb.join(" ")).toMatch(message);
      }
      expect([await view.readiness(checkout.stack), await claims()]).toEqual(before);
    }

    /** Gives the user another kubeconfig while `use` runs. */
    async function withKubeconfig(change: (text: string) => string | Promise<string>, use: () => Promise<void>) {
      const kept = `${checkout.kubeconfig}.kept`;
      const text = await readFile(checkout.kubeconfig, "utf8");
      await rename(checkout.kubeconfig, kept);
      try {
        await writeFile(checkout.kubeconfig, await change(text));
        await use();
      } finally {
        await rename(kept, checkout.kubeconfig);
      }
    }

    it("names a context that does not exist", async () => {
      await withKubeconfig(
        (text) => text.replaceAll(cluster.context, "another"),
        () =>
          refused(/^error: kubernetesContext: got test-cluster, which \S+ does not have; expected one of: another\./),
      );
    });

    it("names a cluster that does not answer", async () => {
      await withKubeconfig(
        (text) => text.replace(/server: \S+/, "server: https://127.0.0.1:1"),
        () => refused(/^error: the cluster does not answer: https:\/\/127\.0\.0\.1:1, .*nothing listens there$/),
      );
    });

    it("names the permission that a user lacks", async () => {
      await withKubeconfig(
        (text) => withoutRights(view.client, text),
        async () => {
          await refused(/^error: no permission: User "system:serviceaccount:default:nobody" cannot \w+ resource/);
          const { code, stdout } = await checkout.run("doctor");
          expect(code).toBe(1);
          expect(stdout).toMatch(/permission +│ to operate +│ failed/);
        },
      );
    });

    it("refuses a program that the stack does not have", async () => {
      expect(await checkout.run("logs", "grafna")).toMatchObject({
        code: 2,
        stderr: 'error: the stack has no program "grafna". Did you mean "grafana"?\n',
      });
    });
  });

  describe("with protected data", () => {
    it("stops the programs, and keeps what is protected", async () => {
      await checkout.pulumi("config", "set", "protectData", "true");
      await checkout.pulumi("config", "set", "--path", "frontDoor.domain", "monitoring.example.test");
      await succeed("deploy");
      const before = await claims();
      expect(await succeed("stop")).toContain("The data is kept");
      expect(await view.readiness(checkout.stack)).toEqual({});
      expect(await claims()).toEqual(before);
      const stopped = await checkout.run("status");
      expect(stopped).toMatchObject({ code: 2 });
      expect(stopped.stderr).toContain(`the stack "${checkout.stack}" is stopped; bring it up with`);
    });

    it("refuses a cleanup before it touches anything, and says which setting lets go", async () => {
      await succeed("deploy");
      const before = [await view.readiness(checkout.stack), await claims()];
      const { code, stderr } = await checkout.run("cleanup", "--yes");
      expect({ code, stderr: stderr.trim().split("\n").at(-1) }).toEqual({
        code: 2,
        stderr: `error: the stack's data is protected, so nothing was removed; to let go of it: pulumi config set protectData false --stack ${checkout.stack}`,
      });
      expect([await view.readiness(checkout.stack), await claims()]).toEqual(before);
    });

    it("is stopped without protection too, and its claims are found again", async () => {
      await checkout.pulumi("config", "set", "protectData", "false");
      await checkout.pulumi("config", "rm", "frontDoor");
      const before = await claims();
      await succeed("deploy");
      await succeed("stop");
      expect(await view.readiness(checkout.stack)).toEqual({});
      expect(await claims()).toEqual(before);
      await succeed("deploy");
      expect(await claims()).toEqual(before);
    });
  });

  it("asks before a cleanup, and then leaves nothing", async () => {
    const unasked = await checkout.run("cleanup");
    expect(unasked.code).toBe(2);
    expect(unasked.stdout).toContain(`volume ${checkout.stack}/persistentvolumeclaim/prometheus-prometheus-0`);
    await succeed("cleanup", "--yes");
    expect(await checkout.leftovers(view)).toEqual({ namespaces: [], volumes: [], clusterWide: [] });
    expect((await checkout.run("urls")).stderr).toContain(`there is no stack "${checkout.stack}"`);
  });

  it("leaves a namespace that holds something else, without the stack's part of it", async () => {
    await succeed("deploy");
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "of-someone-else" }, data: {} };
    await view.client.call("POST", `/api/v1/namespaces/${checkout.stack}/configmaps`, { body });
    const { code, stderr } = await checkout.run("cleanup", "--yes");
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`the namespace ${checkout.stack} stays, since it holds what is not the stack's`);
    expect(await checkout.leftovers(view)).toEqual({ namespaces: [checkout.stack], volumes: [], clusterWide: [] });
    await view.client.call("DELETE", `/api/v1/namespaces/${checkout.stack}`);
  });
});
