import { readFileSync } from "node:fs";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { load } from "js-yaml";
import { vi } from "vitest";

import type { StackOutputs } from "../../components/stack-outputs";
import { PROJECT_ROOT } from "../../operations/workspace";
import type { Recorder } from "./mocks";

type Config = Readonly<Record<string, unknown>>;
type Texts = Readonly<Record<string, string>>;

const read = (file: string) => load(readFileSync(path.join(PROJECT_ROOT, file), "utf8")) as { config: Config };
const key = (name: string) => `pyairtable-monitoring:${name}`;

/** Configuration as the engine hands it to a program of the dev stack: the project's defaults, the stack's own values. */
function devConfig(given: Texts): Record<string, string> {
  const declared = Object.entries(read("Pulumi.yaml").config).map(
    ([name, value]) => [name, (value as { default: unknown }).default] as const,
  );
  const merged = { ...Object.fromEntries(declared), ...read("Pulumi.dev.yaml").config, ...given };
  return Object.fromEntries(
    Object.entries(merged).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** Runs the whole program under the mocks, with the dev stack's configuration and what is given. */
export async function runProgram(recorder: Recorder, secrets: Texts = {}, plain: Texts = {}): Promise<StackOutputs> {
  const named = (values: Texts) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [key(name), value]));
  pulumi.runtime.setAllConfig(devConfig(named({ ...plain, ...secrets })), Object.keys(secrets).map(key));
  vi.resetModules();
  const { default: program } = (await import("../../index")) as unknown as { default: () => Promise<StackOutputs> };
  return program().finally(() => recorder.drain());
}
