import { describe, expect, it } from "vitest";

import { parseSettings } from "../../components/settings/parse";
import {
  nodesCheck,
  permissionChecks,
  securityChecks,
  storageCheck,
  versionCheck,
  type Permission,
} from "../../operations/doctor/cluster-checks";

const settingsWith = (values: Record<string, string>) =>
  parseSettings({
    project: "pyairtable-monitoring",
    stack: "test",
    values: { platform: "kubernetes", ...values },
    secretKeys: new Set(),
  });
const SPREAD = { replicas: JSON.stringify({ alertmanager: 3 }) };
const CLASSES = [
  { name: "fast", isDefault: false },
  { name: "standard", isDefault: true },
];
const LEVELS = { watch: "restricted", "watch-agents": "privileged" };
const exec: Permission = { purpose: "operate", verb: "create", group: "", resource: "pods/exec", namespace: "watch" };
const proxy: Permission = { purpose: "measure", verb: "get", group: "", resource: "nodes/proxy" };

describe("the doctor, of a cluster", () => {
  it("is content with one that has all that the stack needs", () => {
    const checks = [
      versionCheck("https://cluster", "v1.37.2"),
      nodesCheck(settingsWith({ ...SPREAD, spread: "required" }), 3),
      storageCheck(CLASSES, undefined),
      storageCheck(CLASSES, "fast"),
      ...securityChecks(LEVELS, { watch: "restricted", services: undefined }, "services"),
      ...permissionChecks([exec, proxy], []),
    ];
    expect(checks.filter(({ verdict }) => verdict !== "ok")).toEqual([]);
  });

  it.each([
    ["an old release", versionCheck("https://cluster", "v1.25.4"), "failed", /upgrade/],
    [
      "fewer nodes than copies",
      nodesCheck(settingsWith({ ...SPREAD, spread: "required" }), 2),
      "failed",
      /spread preferred/,
    ],
    ["copies that share a node", nodesCheck(settingsWith({ ...SPREAD, spread: "preferred" }), 2), "warning", undefined],
    ["no node that takes pods", nodesCheck(settingsWith({}), 0), "failed", /uncordon/],
    ["nodes that nobody may list", nodesCheck(settingsWith({}), undefined), "warning", /list nodes/],
    [
      "no default storage class",
      storageCheck([{ name: "fast", isDefault: false }], undefined),
      "failed",
      /choose one of fast/,
    ],
    ["a storage class that does not exist", storageCheck(CLASSES, "golden"), "failed", /fast, standard/],
    ["no storage class", storageCheck([], undefined), "failed", /install one/],
    [
      "a namespace that lets everything in",
      securityChecks(LEVELS, { watch: "privileged" }, "services")[0],
      "failed",
      /kubectl label namespace watch/,
    ],
    [
      "no namespace of services",
      securityChecks(LEVELS, {}, "services")[2],
      "warning",
      /kubectl create namespace services/,
    ],
    ["a permission that is missing", permissionChecks([exec], [exec])[1], "failed", /docs\/operations\.md/],
    ["one that only measures", permissionChecks([proxy], [proxy])[2], "warning", /docs\/operations\.md/],
  ])("says what to change for %s", (_, check, verdict, fix) => {
    expect(check?.verdict).toBe(verdict);
    if (fix) expect(check?.fix).toMatch(fix);
  });

  it("names missing permissions as the cluster does, those for the same things together", () => {
    const list: Permission = { ...exec, verb: "list", group: "apps", resource: "deployments" };
    const [, operate] = permissionChecks([exec, list], [list, { ...list, verb: "patch" }, exec]);
    expect(operate?.detail).toContain("may not list, patch deployments.apps in watch; create pods/exec in watch");
  });
});
