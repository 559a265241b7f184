import { writeFile } from "node:fs/promises";
import path from "node:path";

import { dump } from "js-yaml";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { checkCluster } from "../../components/platform/kubernetes-cluster-check";
import type { Workload } from "../../components/platform/workload";
import { settingsFor, type Written } from "../support/settings";
import { ApiServer, CLAIMS, CLASSES, node, NODES, storageClass } from "./api-server";
import { TINY } from "./contract-cases";

const GIB = 2 ** 30;
const STORING: Workload = { ...TINY, data: [{ name: "data", path: "/data", size: 2 * GIB }] };

let api: ApiServer;

beforeEach(async () => {
  api = await ApiServer.start();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await api.stop();
});

/** Checks programs on the cluster of a kubeconfig, and gives the warnings. */
async function check(file: string | undefined, workloads: readonly Workload[], written: Written = {}) {
  const warnings: string[] = [];
  const chosen = file === undefined ? {} : { kubeconfig: file };
  const settings = settingsFor({ platform: "kubernetes", namespace: "watch", ...chosen, ...written });
  await checkCluster(settings, workloads, (message) => warnings.push(message));
  return warnings;
}

const refusal = async (...args: Parameters<typeof check>) => {
  const error = await check(...args).then(
    () => new Error("it was not refused"),
    (thrown: unknown) => thrown as Error,
  );
  expect(error.constructor.name).toBe("RunError");
  return error.message;
};

describe("the check of a cluster", () => {
  it("lets a stack pass that fits, and asks only what it must", async () => {
    expect(await check(await api.kubeconfig(), [STORING])).toEqual([]);
    expect(api.asked.map((one) => one.path).sort()).toEqual([NODES, CLAIMS, CLASSES].sort());
    expect(new Set(api.asked.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer a token"]));
  });

  it("tells all that is wrong at once", async () => {
    api.answers = { ...api.answers, [CLASSES]: [storageClass("slow")], [NODES]: [node("8Gi")] };
    const apart: Workload = {
      ...STORING,
      name: "apart",
      placement: { kind: "replicated", replicas: 3, spread: "required" },
    };
    expect(await refusal(await api.kubeconfig(), [apart])).toBe(
      [
        "the stack can not run on this cluster:",
        "  replicas.apart: got 3, with spread required; expected at most 1, the number of nodes that take pods. Change it " +
          "with: pulumi config set --path 'replicas.apart' 1   or: pulumi config set spread preferred",
        "  storageClass: got nothing, and the cluster has no default one; expected one of: slow. Choose one with: pulumi " +
          "config set storageClass <name>",
      ].join("\n"),
    );
  });
});

describe("nodes whose containers Docker runs", () => {
  const nodeOf = (name: string, containerRuntimeVersion: string) => ({
    ...node("8Gi"),
    metadata: { name },
    status: { allocatable: { memory: "8Gi" }, nodeInfo: { containerRuntimeVersion } },
  });

  it("are named, since nobody reads the logs there", async () => {
    const docker = ["a", "b", "c", "d"].map((name) => nodeOf(name, "docker://28.1.0"));
    api.answers = { ...api.answers, [NODES]: [...docker, nodeOf("e", "containerd://2.1.0")] };
    expect(await check(await api.kubeconfig(), [TINY])).toEqual([
      "Docker runs the containers of 4 of 5 nodes (a, b, c, 1 more), so what their pods write to their output is not kept. Let " +
        "containerd or CRI-O run them, or have services send their lines as OTLP",
    ]);
  });

  it("are not, where another runtime runs them", async () => {
    api.answers = { ...api.answers, [NODES]: [nodeOf("a", "containerd://2.1.0"), nodeOf("b", "cri-o://1.33.0")] };
    expect(await check(await api.kubeconfig(), [TINY])).toEqual([]);
  });
});

describe("storage", () => {
  it("of a class that does not exist is refused", async () => {
    const message = await refusal(await api.kubeconfig(), [STORING], { storageClass: "quick" });
    expect(message).toContain("storageClass: got quick; expected one of: slow, fast.");
  });

  it("of a class that exists needs no default one", async () => {
    api.answers = { ...api.answers, [CLASSES]: [storageClass("slow")] };
    expect(await check(await api.kubeconfig(), [STORING], { storageClass: "slow" })).toEqual([]);
  });

  it("is refused where the cluster has none", async () => {
    api.answers = { ...api.answers, [CLASSES]: [] };
    const message = await refusal(await api.kubeconfig(), [STORING]);
    expect(message).toContain("expected a storage class, and the cluster has none. Install one; it is needed by: tiny");
  });

  it("is of no matter to programs that claim none", async () => {
    api.answers = { ...api.answers, [CLASSES]: [] };
    const onNodes: Workload = { ...STORING, placement: { kind: "every-node" } };
    expect(await check(await api.kubeconfig(), [TINY, onNodes])).toEqual([]);
  });

  it("that exists and is smaller than the settings say gives a warning", async () => {
    const claim = (name: string, storage: string) => ({
      metadata: { name },
      spec: { resources: { requests: { storage } } },
    });
    api.answers = { ...api.answers, [CLAIMS]: [claim("data-tiny-0", "1Gi"), claim("data-other-0", "1Gi")] };
    expect(await check(await api.kubeconfig(), [STORING])).toEqual([
      "the volume of tiny keeps its 1Gi, and the settings say 2Gi. Enlarge it with: kubectl -n watch patch pvc " +
        `data-tiny-0 -p '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}'`,
    ]);
  });
});

describe("a cluster that the copies of a program form", () => {
  const copies = (replicas: number): Workload => ({
    ...TINY,
    data: [{ name: "data", path: "/data", size: GIB, clustered: true }],
    placement: { kind: "replicated", replicas },
  });
  const formedBy = (count: number) => {
    const names = [...Array.from({ length: count }, (_, index) => `data-tiny-${index}`), "data-tiny-other-0"];
    const spec = { resources: { requests: { storage: "1Gi" } } };
    api.answers = { ...api.answers, [CLAIMS]: names.map((name) => ({ metadata: { name }, spec })) };
  };

  it.each([
    [0, 3],
    [1, 1],
    [3, 3],
    [3, 5],
    [5, 3],
  ])("of %i copies may have %i", async (formed, wanted) => {
    formedBy(formed);
    expect(await check(await api.kubeconfig(), [copies(wanted)])).toEqual([]);
  });

  it.each([
    [1, 3, "replicas.tiny: got 3, and the namespace has the data of one that ran alone; expected 1"],
    [3, 1, "replicas.tiny: got 1, and the namespace has the data of a cluster of 3; expected 3 and more"],
  ])("of %i copies may not have %i", async (formed, wanted, message) => {
    formedBy(formed);
    const refused = await refusal(await api.kubeconfig(), [copies(wanted)]);
    expect(refused).toContain(message);
    expect(refused).toContain(`pulumi config set --path 'replicas.tiny' ${formed}`);
    expect(refused).toContain("restore a backup");
  });
});

describe("nodes", () => {
  const apart = (replicas: number): Workload => ({
    ...TINY,
    placement: { kind: "replicated", replicas, spread: "required" },
  });

  it("must be enough only where copies may not share one", async () => {
    const file = await api.kubeconfig();
    expect(await check(file, [apart(3)])).toEqual([]);
    expect(await check(file, [{ ...TINY, placement: { kind: "replicated", replicas: 9 } }])).toEqual([]);
    expect(await refusal(file, [apart(4)])).toContain("got 4, with spread required; expected at most 3");
  });

  it("do not count while they take no pods", async () => {
    const closed = [{ unschedulable: true }, { taints: [{ effect: "NoSchedule" }] }].map((spec) => node("8Gi", spec));
    const open = node("8Gi", { taints: [{ effect: "PreferNoSchedule" }] });
    api.answers = { ...api.answers, [NODES]: [...closed, open] };
    expect(await refusal(await api.kubeconfig(), [apart(2)])).toContain("expected at most 1");
  });

  it("may all be missing, with a warning", async () => {
    api.answers = { ...api.answers, [NODES]: [] };
    const warnings = await check(await api.kubeconfig(), [apart(2)]);
    expect(warnings).toEqual(["no node of the cluster takes pods; all programs wait for one"]);
  });

  it("that are all too small for a program give a warning", async () => {
    const large = { ...TINY, name: "large", resources: { memory: 16 * GIB, cpu: 1 } };
    expect(await check(await api.kubeconfig(), [large, TINY])).toEqual([
      "large asks for 16Gi of memory, and the largest node has 8Gi: it will wait for a larger one. Lower it with: pulumi " +
        "config set --path 'resources.large.memory' <size>",
    ]);
  });
});

describe("a user", () => {
  it("who may not ask gets warnings", async () => {
    api.answers = { [NODES]: 403, [CLASSES]: 403, [CLAIMS]: 403 };
    expect(await check(await api.kubeconfig(), [STORING])).toEqual([
      "the cluster's user may not list nodes, so whether its nodes are enough was not checked",
      "the cluster's user may not list storageclasses, so whether it has the storage was not checked",
    ]);
  });

  it("whom the cluster does not know is refused", async () => {
    api.answers = { [NODES]: 401, [CLASSES]: 401, [CLAIMS]: 401 };
    const message = await refusal(await api.kubeconfig(), [TINY]);
    expect(message).toContain("which does not know the user; expected a user with valid credentials. Log in again");
  });

  it("may have a password, or a token in a file beside the kubeconfig", async () => {
    await check(await api.kubeconfig({ username: "ann", password: "b" }), [TINY]);
    await writeFile(path.join(api.folder, "token"), "from a file\n");
    await check(await api.kubeconfig({ tokenFile: "token" }), [TINY]);
    const basic = `Basic ${Buffer.from("ann:b").toString("base64")}`;
    expect(new Set(api.asked.map(({ authorization }) => authorization))).toEqual(
      new Set([basic, "Bearer from a file"]),
    );
  });

  it("may get credentials from a command, which is told who asks", async () => {
    const script = `const { kind } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      console.log(JSON.stringify({ status: { token: process.env.GIVEN + " to " + kind } }));`;
    const apiVersion = "client.authentication.k8s.io/v1";
    const env = [{ name: "GIVEN", value: "given" }];
    const exec = { apiVersion, command: process.execPath, args: ["-e", script], env };
    await check(await api.kubeconfig({ exec }), [TINY]);
    expect(api.asked[0]?.authorization).toBe("Bearer given to ExecCredential");
  });

  it("whose command fails is told how", async () => {
    const exec = {
      apiVersion: "v1",
      command: process.execPath,
      args: ["-e", "console.error('no login'); process.exit(1)"],
    };
    const message = await refusal(await api.kubeconfig({ exec }), [TINY]);
    expect(message).toContain('got user "me", whose way to log in failed: no login; expected a user that can log in');
  });
});

describe("a kubeconfig", () => {
  it("that is missing is refused", async () => {
    const message = await refusal(path.join(api.folder, "none"), [TINY]);
    expect(message).toContain(
      `kubeconfig: got ${api.folder}/none, which does not exist; expected the path of a kubeconfig`,
    );
  });

  it("that holds something else is refused", async () => {
    const file = path.join(api.folder, "config");
    await writeFile(file, "- just: text");
    await writeFile(`${file}-cut`, "clusters: [");
    expect(await refusal(file, [TINY])).toContain("kubernetesContext: got nothing, which");
    expect(await refusal(`${file}-cut`, [TINY])).toContain("config-cut, which can not be read (");
  });

  it("that names a file which is not there is refused", async () => {
    const message = await refusal(await api.kubeconfig({ "client-key": "gone.pem" }), [TINY]);
    expect(message).toContain(`got a file that names ${api.folder}/gone.pem, which does not exist`);
  });

  it("without the context of the settings is refused, with those that it has", async () => {
    const message = await refusal(await api.kubeconfig(), [TINY], { kubernetesContext: "elsewhere" });
    expect(message).toContain("kubernetesContext: got elsewhere, which");
    expect(message).toContain("expected one of: here, broken. Choose one with: pulumi config set kubernetesContext");
  });

  it("whose context leads to no cluster is refused", async () => {
    const message = await refusal(await api.kubeconfig(), [TINY], { kubernetesContext: "broken" });
    expect(message).toContain('got broken, whose cluster "gone"');
  });

  it("is found as kubectl finds it: the first of several that says something counts", async () => {
    const other = path.join(api.folder, "other");
    await writeFile(other, dump({ contexts: [], clusters: [], users: [] }));
    const file = await api.kubeconfig();
    vi.stubEnv("KUBECONFIG", [path.join(api.folder, "none"), other, file].join(path.delimiter));
    expect(await check(undefined, [TINY])).toEqual([]);
    expect(api.asked).toHaveLength(3);
  });

  it("is not needed inside a cluster, nor of use with a proxy", async () => {
    const warning = "the cluster was not checked, since it is reached without a kubeconfig or by a proxy";
    vi.stubEnv("KUBECONFIG", path.join(api.folder, "none"));
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "192.0.2.1");
    expect(await check(undefined, [TINY])).toEqual([warning]);
    const file = path.join(api.folder, "proxied");
    const cluster = { server: "https://192.0.2.1", "proxy-url": "socks5://127.0.0.1:1" };
    const contexts = [{ name: "here", context: { cluster: "one" } }];
    await writeFile(file, dump({ "current-context": "here", clusters: [{ name: "one", cluster }], contexts }));
    expect(await check(file, [TINY])).toEqual([warning]);
  });
});

describe("an API server", () => {
  it("that can not be reached is refused, with its address and the reason", async () => {
    const message = await refusal(await api.kubeconfig({}, "https://127.0.0.1:1"), [TINY]);
    expect(message).toContain("got https://127.0.0.1:1, which can not be reached: nothing listens there");
    expect(message).toContain("Start it or connect to its network, or choose another with: pulumi config set");
  });

  it("whose address is none is refused", async () => {
    const message = await refusal(await api.kubeconfig({}, "127.0.0.1:6443"), [TINY]);
    expect(message).toContain("got 127.0.0.1:6443, which can not be reached: that is no address");
  });

  it("that is something else is refused", async () => {
    api.answers = {};
    expect(await refusal(await api.kubeconfig(), [TINY])).toContain("answers with HTTP status 404");
  });
});
