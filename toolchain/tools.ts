import { existsSync } from "node:fs";
import path from "node:path";

import type { Report } from "./cache";
import { runCommand } from "./command";
import { ensureGoProgram } from "./go-build";
import { goRecipes, type GoProgram } from "./go/recipes";

// Where a tool comes from, and how it says its version.
const tools = {
  promtool: { program: "prometheus", version: ["--version"] },
  amtool: { program: "alertmanager", version: ["--version"] },
  prometheus: { program: "prometheus", version: ["--version"] },
  alertmanager: { program: "alertmanager", version: ["--version"] },
  loki: { program: "loki", version: ["--version"] },
  logcli: { program: "logcli", version: ["--version"] },
  promtail: { program: "promtail", version: ["--version"] },
  otelcol: { program: "otel-collector", version: ["--version"] },
  jaeger: { program: "jaeger", version: ["version"] },
  caddy: { program: "caddy", version: ["version"] },
  elasticsearch_exporter: { program: "elasticsearch-exporter", version: ["--version"] },
  filebeat: { program: "filebeat", version: ["version"] },
  "kube-apiserver": { program: "kube", version: ["--version"] },
  "kube-controller-manager": { program: "kube", version: ["--version"] },
  "kube-scheduler": { program: "kube", version: ["--version"] },
  kubelet: { program: "kubelet", version: ["--version"] },
  "kube-proxy": { program: "kubelet", version: ["--version"] },
  coredns: { program: "coredns", version: ["-version"] },
  kwok: { program: "kwok", version: ["--version"] },
  actionlint: { program: "actionlint", version: ["-version"] },
  pulumi: { program: "pulumi-cli", version: ["version"] },
  "pulumi-language-nodejs": { program: "pulumi-language-nodejs", version: ["-version"] },
} as const satisfies Record<string, { program: GoProgram; version: readonly string[] }>;

/** A program that runs on this machine itself. */
export type Tool = keyof typeof tools;

const VERSION_CHECK_MS = 5_000;

/**
 * Gives the path of a program that runs on this machine: the one on the PATH if it is the pinned release, else the
 * one that is built for the images.
 *
 * @throws when the program has to be built and cannot be; see {@link ensureGoProgram}.
 */
export async function ensureTool(name: Tool, report?: Report): Promise<string> {
  const { program, version } = tools[name];
  const pinned = goRecipes[program].version;
  const installed = onPath(name);
  if (installed !== undefined) {
    const answer = await runCommand(installed, version, { timeout: VERSION_CHECK_MS });
    if (answer.succeeded && saysVersion(answer.output, pinned)) {
      return installed;
    }
  }
  const binaries: Record<string, string> = await ensureGoProgram(program, { report });
  const binary = binaries[name];
  if (binary === undefined) {
    throw new Error(`The recipe of ${program} in toolchain/go/recipes.ts builds no binary ${name}.`);
  }
  return binary;
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => path.resolve(folder, name)).find((candidate) => existsSync(candidate));
}

/** Whether the output of a program's version command names exactly this release. */
export function saysVersion(output: string, version: string): boolean {
  const escaped = version.replaceAll(".", "\\.");
  return new RegExp(`(^|[^\\d.])${escaped}($|[^\\d.-])`).test(output);
}
