/** The parts of the kubernetes plugin that need no cluster. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { dump } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changes, isIgnored, prune } from "../../../toolchain/plugins/kubernetes/changes";
import { KINDS, token } from "../../../toolchain/plugins/kubernetes/kinds";
import { clusterConnection } from "../../../toolchain/plugins/kubernetes/kubeconfig";
import { normalizeInputs } from "../../../toolchain/plugins/kubernetes/normalize";
import { clusterChanges } from "../../../toolchain/plugins/kubernetes/provider";
import { canonicalQuantity } from "../../../toolchain/plugins/kubernetes/quantity";
import { markSecrets } from "../../../toolchain/plugins/kubernetes/secrets";
import { isImmutableMessage } from "../../../toolchain/plugins/kubernetes/writes";
import { secret, UNKNOWN, type Values } from "../../../toolchain/plugins/values";

describe("amounts", () => {
  it.each([
    ["0.5", "500m"],
    ["1000m", "1"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["1000Mi", "1000Mi"],
    ["0.5Ki", "512"],
    ["1000000", "1M"],
    ["1500", "1500"],
    ["1e3", "1e3"],
    ["12e-1", "1200e-3"],
    ["-0.5", "-500m"],
    ["0Mi", "0"],
    ["half", "half"],
    ["", ""],
  ])("writes %j as %j", (given, expected) => {
    expect(canonicalQuantity(given)).toBe(expected);
  });
});

describe("inputs", () => {
  it("writes amounts as the server does, wherever they are, and nothing that only looks like one", () => {
    const resources = { limits: { cpu: "0.5", memory: 1024 }, requests: { cpu: "1000m" } };
    const inputs = {
      data: { limits: "0.5" },
      spec: { containers: [{ resources, env: [{ value: "0.50" }] }], volumes: [{ emptyDir: { sizeLimit: "1024Ki" } }] },
    };
    expect(normalizeInputs(inputs)).toEqual({
      data: { limits: "0.5" },
      spec: {
        containers: [
          { resources: { limits: { cpu: "500m", memory: "1024" }, requests: { cpu: "1" } }, env: [{ value: "0.50" }] },
        ],
        volumes: [{ emptyDir: { sizeLimit: "1Mi" } }],
      },
    });
  });

  it("turns a secret's texts into data, and leaves them while one is unknown", () => {
    const inputs = { kind: "Secret", data: { a: "YQ==\n" }, stringData: { b: "b" } };
    expect(normalizeInputs(inputs)).toEqual({ kind: "Secret", data: { a: "YQ==", b: "Yg==" } });
    const unknown = { kind: "Secret", stringData: { b: UNKNOWN } };
    expect(normalizeInputs(unknown)).toEqual(unknown);
  });

  it("drops what only the server sets", () => {
    expect(normalizeInputs({ metadata: { name: "a", uid: "1", resourceVersion: "2" } })).toEqual({
      metadata: { name: "a" },
    });
  });
});

describe("changes", () => {
  const rules = ["metadata.name", "spec.selector", "data"];
  const list = (before: Values, after: Values): string[] =>
    changes(before, after, rules).map(({ property, kind, replace }) => `${kind} ${property}${replace ? "!" : ""}`);

  it("names each with its path, and those that need a new object", () => {
    const before = { metadata: { name: "a", labels: { "b.c/d": "1" } }, spec: { ports: [{ port: 1 }, { port: 2 }] } };
    const after = { metadata: { name: "b", labels: { "b.c/d": "2" } }, spec: { ports: [{ port: 1, name: "x" }] } };
    expect(list(before, after)).toEqual([
      'update metadata.labels["b.c/d"]',
      "update metadata.name!",
      "add spec.ports[0].name",
      "delete spec.ports[1]",
    ]);
  });

  it("finds what a rule is about below it and above it", () => {
    const old = { spec: { selector: { matchLabels: { a: "1" } } } };
    expect(list(old, { spec: { selector: { matchLabels: { a: "2" } } } })).toEqual([
      "update spec.selector.matchLabels.a!",
    ]);
    expect(list({}, old)).toEqual(["add spec!"]);
    expect(list({}, { spec: { replicas: 1 } })).toEqual(["add spec"]);
    expect(list({ data: { a: "1" } }, { data: { a: "1", b: "2" } })).toEqual(["add data.b!"]);
  });

  it("counts a value that is not known yet", () => {
    expect(list({ data: { a: "1" } }, { data: { a: UNKNOWN } })).toEqual(["update data.a!"]);
  });

  it("cuts the server's object down to what the program gave, keeping what is empty", () => {
    const live = { a: 1, extra: 1, list: [{ x: 1, y: 2 }, { z: 1 }] };
    const shape = { a: 0, gone: 1, off: false, list: [{ x: 1, empty: [] }] };
    expect(prune(live, shape)).toEqual({ a: 1, off: false, list: [{ x: 1, empty: [] }] });
  });

  it("ignores what lies below an ignored path only", () => {
    expect(isIgnored("spec.replicas", ["spec.replicas"])).toBe(true);
    expect(isIgnored("spec.ports[0].name", ["spec.ports"])).toBe(true);
    expect(isIgnored("spec.replicasMax", ["spec.replicas"])).toBe(false);
  });
});

describe("refusals", () => {
  const fields = "for fields other than 'replicas' and 'template' are forbidden";

  it.each([
    [`StatefulSet.apps "a" is invalid: spec: Forbidden: updates to statefulset spec ${fields}`, true],
    ['Job.batch "a" is invalid: spec.template: Invalid value: {}: field is immutable', true],
    ['PersistentVolumeClaim "a" is invalid: spec: Forbidden: spec is immutable after creation', true],
    ['Service "a" is invalid: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535', false],
    ['pods "a" is forbidden: violates PodSecurity "restricted:latest"', false],
  ])("tell what can not change in place: %s", (message, expected) => {
    expect(isImmutableMessage(message)).toBe(expected);
  });
});

describe("secrets", () => {
  it("stay secret where the program had them, a list with one as a whole", () => {
    const marked = { spec: { env: [{ value: secret("x") }], image: "i" } };
    expect(markSecrets({ spec: { env: [{ value: "x" }], image: "i" } }, marked)).toEqual({
      spec: { env: secret([{ value: "x" }]), image: "i" },
    });
  });

  it("are all that a Secret holds", () => {
    expect(markSecrets({ kind: "Secret", data: { a: "YQ==" } }, {})).toEqual({
      kind: "Secret",
      data: secret({ a: "YQ==" }),
    });
  });
});

describe("kinds", () => {
  it("have the vendor's tokens", () => {
    const tokens = KINDS.map(token);
    expect(tokens).toHaveLength(19);
    expect(tokens).toContain("kubernetes:core/v1:PersistentVolumeClaim");
    expect(tokens).toContain("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding");
  });
});

describe("the kubeconfig", () => {
  let folder: string;
  const config = {
    "current-context": "one",
    clusters: [
      { name: "one", cluster: { server: "https://127.0.0.1:1/" } },
      { name: "two", cluster: { server: "https://127.0.0.1:2", "certificate-authority": "ca.crt" } },
    ],
    users: [
      { name: "token", user: { token: "t" } },
      {
        name: "command",
        user: { exec: { command: process.execPath, args: ["-p", "JSON.stringify({status:{token:'c'}})"] } },
      },
    ],
    contexts: [
      { name: "one", context: { cluster: "one", user: "token", namespace: "here" } },
      { name: "two", context: { cluster: "two", user: "command" } },
      { name: "astray", context: { cluster: "three", user: "token" } },
    ],
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "kubeconfig-"));
    await writeFile(path.join(folder, "config"), dump(config));
    await writeFile(path.join(folder, "ca.crt"), "authority");
  });

  afterAll(() => rm(folder, { recursive: true }));

  it("is taken from a path, from content, and from the environment", () => {
    const expected = { server: "https://127.0.0.1:1", token: "t", namespace: "here", insecure: false };
    const file = path.join(folder, "config");
    expect(clusterConnection({ kubeconfig: file })).toMatchObject(expected);
    expect(clusterConnection({ kubeconfig: dump(config) })).toMatchObject(expected);
    expect(clusterConnection({}, { KUBECONFIG: `/nowhere${path.delimiter}${file}` })).toMatchObject(expected);
  });

  it("takes the chosen context, credentials from a command, and files beside it", () => {
    const found = clusterConnection({ kubeconfig: path.join(folder, "config"), context: "two" });
    expect(found).toMatchObject({ server: "https://127.0.0.1:2", token: "c" });
    expect(found.ca?.toString()).toBe("authority");
  });

  it("is merged from several files, each with its own folder, as kubectl does", async () => {
    const other = path.join(folder, "other");
    await mkdir(other);
    const clusters = [
      { name: "one", cluster: { server: "https://127.0.0.1:9" } },
      { name: "three", cluster: { server: "https://127.0.0.1:3", "certificate-authority": "ca.crt" } },
    ];
    await writeFile(path.join(other, "config"), dump({ "current-context": "three", clusters }));
    await writeFile(path.join(other, "ca.crt"), "another authority");
    const env = { KUBECONFIG: ["config", "other/config"].map((file) => path.join(folder, file)).join(path.delimiter) };
    const astray = clusterConnection({ kubeconfig: "", context: "astray" }, env);
    expect(astray).toMatchObject({ server: "https://127.0.0.1:3", token: "t" });
    expect(astray.ca?.toString()).toBe("another authority");
    expect(clusterConnection({ kubeconfig: "" }, env)).toMatchObject({ server: "https://127.0.0.1:1" });
    expect(() => clusterConnection({ context: "four" }, env)).toThrow("there are: one, two, astray");
  });

  it("says what is missing", () => {
    const file = path.join(folder, "config");
    expect(() => clusterConnection({ kubeconfig: file, context: "four" })).toThrow("no context 'four'; there are: one");
    expect(() => clusterConnection({ kubeconfig: file, context: "astray" })).toThrow("no cluster 'three'");
    expect(() => clusterConnection({ kubeconfig: "/nowhere" })).toThrow("/nowhere does not exist");
    expect(() => clusterConnection({}, { KUBECONFIG: "/nowhere" })).toThrow("there is no kubeconfig");
  });

  it("makes everything anew only for another cluster, and never for a misspelt one", () => {
    const file = path.join(folder, "config");
    expect(clusterChanges({ kubeconfig: file }, { kubeconfig: UNKNOWN })).toEqual(["kubeconfig"]);
    expect(clusterChanges({ kubeconfig: "/gone" }, { kubeconfig: file })).toEqual([]);
    expect(() => clusterChanges({ kubeconfig: file }, { kubeconfig: file, context: "four" })).toThrow(
      "no context 'four'",
    );
    expect(clusterChanges({ kubeconfig: file }, { kubeconfig: dump(config) })).toEqual([]);
    expect(clusterChanges({ kubeconfig: file }, { kubeconfig: file, context: "two" })).toEqual(["context"]);
  });
});
