import { existsSync } from "node:fs";
import path from "node:path";

import Docker from "dockerode";

import { images } from "../../components/images";
import { parseSettings } from "../../components/settings/parse";
import { publishedPorts } from "../../components/settings/published-ports";
import type { Settings } from "../../components/settings/settings";
import { cacheRoot } from "../../toolchain/cache";
import { runCommand } from "../../toolchain/command";
import { attempt, describe, failed, ok, warning, type Check } from "../checks";
import {
  engineChecks,
  machineChecks,
  memoryCheck,
  memoryLimits,
  nodeCheck,
  pluginsCheck,
  portsCheck,
  pulumiCheck,
  type EngineFacts,
  type MachineFacts,
} from "../doctor/checks";
import { writtenValues } from "../configured";
import { pingEngine } from "../platform/docker";
import { runHelper } from "../platform/docker-helper";
import { settingsOf, takenPorts } from "../preflight";
import { missingPlugins, prepareWorkspace, PROVIDERS_OF } from "../prepare";
import { StackRun } from "../pulumi-run";
import { report, stacksOf } from "../session";
import { engines } from "../../package.json";
import { PROJECT } from "../workspace";

/**
 * Prints what this machine has of what a stack needs, and what to change. Nothing is installed or created.
 *
 * @returns whether nothing is missing.
 */
export async function doctor(stack: string, json: boolean): Promise<boolean> {
  const pulumi = await pulumiFound();
  const checks: Check[] = [nodeCheck(process.versions.node, engines.node), pulumiCheck(pulumi)];
  const wanted: Settings[] = [];
  checks.push(
    ...(await attempt("configuration", stack, async () => {
      wanted.push(await wantedBy(stack, pulumi !== undefined));
      return [ok("configuration", stack, "has no mistakes")];
    })),
  );
  const [settings] = wanted;
  const providers = PROVIDERS_OF[settings?.platform ?? "docker"];
  checks.push(...(await attempt("plugins", "Pulumi", async () => [pluginsCheck(await missingPlugins(providers))])));
  checks.push(...(await placeChecks(settings)));
  const good = checks.every(({ verdict }) => verdict !== "failed");
  if (json) console.log(JSON.stringify({ stack, ok: good, checks }, undefined, 2));
  else console.log(describe(checks, "This machine"));
  return good;
}

/** Of what the stack is put on. */
async function placeChecks(settings: Settings | undefined): Promise<Check[]> {
  const cluster = settings?.kubernetes;
  if (settings === undefined || cluster === undefined) {
    return attempt("engine", "Docker", () => engineChecksFor(settings));
  }
  const { clusterChecks } = await import("../doctor/cluster");
  return attempt("API server", "cluster", () => clusterChecks(settings, cluster));
}

async function pulumiFound(): Promise<string | undefined> {
  const { succeeded, stdout } = await runCommand("pulumi", ["version"]);
  if (succeeded) return `Pulumi ${stdout}, on PATH`;
  return existsSync(path.join(cacheRoot(), "pulumi")) ? "Pulumi, which this project fetched or built" : undefined;
}

/** The settings of the stack; while it does not exist, those of its file, as far as they are in clear. */
async function wantedBy(stack: string, pulumi: boolean): Promise<Settings> {
  const workspace = pulumi ? await prepareWorkspace(report) : undefined;
  if (workspace === undefined || !(await stacksOf(workspace)).includes(stack)) {
    const values = await writtenValues(stack);
    return parseSettings({ project: PROJECT, stack, values, secretKeys: new Set() });
  }
  return settingsOf(await StackRun.open(workspace, stack));
}

async function engineChecksFor(settings: Settings | undefined): Promise<Check[]> {
  const docker = new Docker();
  await pingEngine(docker);
  const facts = (await docker.info()) as EngineFacts & { DockerRootDir: string };
  const machine = await machineFacts(docker);
  return [
    ...engineChecks(facts),
    memoryCheck(facts.MemTotal, settings && memoryLimits(settings)),
    ...(machine
      ? machineChecks(machine, settings?.elk !== undefined)
      : [
          warning(
            "kernel",
            "the engine's machine",
            "not looked at: it takes the image busybox, which comes with a deploy",
          ),
        ]),
    ...(settings
      ? [await portsOf(settings, docker)]
      : [failed("ports", "this machine", "not known while the configuration has mistakes")]),
  ];
}

async function portsOf(settings: Settings, docker: Docker): Promise<Check> {
  return portsCheck(await takenPorts(settings, docker), publishedPorts(settings).length);
}

/** The engine may be in a virtual machine of its own, so a container looks. */
async function machineFacts(docker: Docker): Promise<MachineFacts | undefined> {
  const present = await docker
    .getImage(images.busybox.reference)
    .inspect()
    .catch(() => undefined);
  if (present === undefined) return undefined;
  const script = "cat /proc/sys/vm/max_map_count && df -Pk / | tail -n 1";
  const { succeeded, output } = await runHelper(docker, { stack: "doctor", script });
  if (!succeeded) throw new Error(`the engine's machine can not be looked at: ${output.trim()}`);
  return parseFacts(output);
}

/** Two lines: the kernel's setting, and a line of `df`. */
export function parseFacts(output: string): MachineFacts {
  const [count = "", disk = ""] = output.trim().split("\n");
  return { maxMapCount: Number(count), diskFree: Number(disk.split(/\s+/)[3]) * 1_024 };
}
