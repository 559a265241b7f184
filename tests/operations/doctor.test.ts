import { readFileSync } from "node:fs";
import path from "node:path";

import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { workloadsOf } from "../../components/programs";
import {
  engineChecks,
  machineChecks,
  memoryCheck,
  memoryLimits,
  nodeCheck,
  pluginsCheck,
  portsCheck,
  pulumiCheck,
} from "../../operations/doctor/checks";
import { parseFacts } from "../../operations/verbs/doctor";
import { programsFor } from "../programs/support";
import { settingsFor } from "../support/settings";

const GIB = 2 ** 30;
const ENGINE = {
  ServerVersion: "28.2.2",
  Driver: "overlay2",
  CgroupVersion: "2",
  MemoryLimit: true,
  CpuCfsQuota: true,
  MemTotal: 8 * GIB,
  OperatingSystem: "Debian",
};

const taken = (name: string, key: string) => ({ name, key, port: 3100 });

describe("the doctor", () => {
  it.each([
    ["Loki", {}],
    ["Elasticsearch", { logging: "elk" }],
    ["both, behind a front door", { logging: "both", frontDoor: { domain: "localhost" } }],
    ["a limit of its own", { resources: { loki: { memory: "2Gi" } } }],
  ])("counts the memory of the programs that a stack has, with %s", (_, written) => {
    const programs = workloadsOf(programsFor(written)).filter(({ placement }) => placement.kind !== "once");
    const sum = programs.reduce((bytes, { resources }) => bytes + resources.memory, 0);
    expect(memoryLimits(settingsFor(written))).toBe(sum);
  });

  it("is content with a current machine", () => {
    const checks = [
      nodeCheck("20.20.2", ">=20.12"),
      pulumiCheck("3.250.0"),
      pluginsCheck([]),
      ...engineChecks(ENGINE),
      memoryCheck(8 * GIB, 3 * GIB),
      ...machineChecks({ maxMapCount: 262_144, diskFree: 50 * GIB }, true),
      portsCheck([], 7),
    ];
    expect(checks.filter(({ verdict }) => verdict !== "ok")).toEqual([]);
  });

  it.each([
    ["an old Node", nodeCheck("18.0.0", ">=20.12"), "failed", /install Node/],
    [
      "an old engine",
      engineChecks({ ...ENGINE, ServerVersion: "19.03.1+dfsg1" })[0],
      "failed",
      /install Docker 20\.10/,
    ],
    ["a slow store", engineChecks({ ...ENGINE, Driver: "vfs" })[1], "warning", /overlay2/],
    [
      "the old control groups",
      engineChecks({ ...ENGINE, CgroupVersion: "1" })[2],
      "warning",
      /unified_cgroup_hierarchy/,
    ],
    ["limits that do not hold", engineChecks({ ...ENGINE, MemoryLimit: false })[3], "failed", /cgroup_enable=memory/],
    ["little memory", memoryCheck(2 * GIB, undefined), "failed", /more memory/],
    ["limits above the memory", memoryCheck(4 * GIB, 5 * GIB), "failed", /lower limits/],
    ["a full disk", machineChecks({ maxMapCount: 262_144, diskFree: GIB }, false)[1], "failed", /free some/],
    ["a taken port", portsCheck([taken("loki", "ports.loki")], 7), "failed", /--path 'ports\.loki' <port>$/],
    ["the front door's", portsCheck([taken("the front door", "frontDoor.port")], 1), "failed", /'frontDoor\.port'/],
    ["no engine of Pulumi's yet", pulumiCheck(undefined), "warning", /Go/],
  ])("says what to change for %s", (_, check, verdict, fix) => {
    expect(check).toMatchObject({ verdict, fix: expect.stringMatching(fix) as string });
  });

  it("is content with few memory maps, since the stack's Elasticsearch maps no files", () => {
    const [kernel] = machineChecks({ maxMapCount: 65_530, diskFree: 50 * GIB }, true);
    expect(kernel).toMatchObject({ verdict: "ok", detail: expect.stringContaining("maps no files") as string });
    const config = readFileSync(path.join(__dirname, "../../configs/elasticsearch/elasticsearch.yml"), "utf8");
    expect(load(config)).toMatchObject({ "node.store.allow_mmap": false });
  });

  it("reads the kernel's setting and the room below the engine's data", () => {
    const output = "65530\noverlay 263174212 200000000 50000000 80% /\n";
    expect(parseFacts(output)).toEqual({ maxMapCount: 65_530, diskFree: 50_000_000 * 1_024 });
  });
});
