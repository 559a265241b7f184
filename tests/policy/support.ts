import { readFileSync } from "node:fs";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { load } from "js-yaml";

import type { Resource } from "../../policy/resource";
import { recordResources } from "../support/mocks";

const ROOT = path.join(__dirname, "../..");

/** Marks every secret that is given to a program here. */
export const MARK = "secretmark";

/** Secrets that a stack can be given; those that it is not given it generates. */
const SECRETS: Readonly<Record<string, string>> = {
  redisPassword: `${MARK}-redis`,
  postgresPassword: `${MARK}-postgres`,
  slackWebhookUrl: `https://hooks.slack.com/services/${MARK}-slack`,
  alertWebhookUrl: `https://receiver.example.org/${MARK}-webhook`,
  pagerdutyRoutingKey: `${MARK}pagerduty0123456789abc`,
};

type Config = Readonly<Record<string, unknown>>;

const read = (file: string) => load(readFileSync(path.join(ROOT, file), "utf8")) as { config: Config };

/** What a committed stack sets, with changes. */
export interface Variant {
  readonly stack: "dev" | "prod";
  /** Values by key, without the project's name. */
  readonly changes?: Readonly<Record<string, string>>;
}

/** The committed stacks, and the log stores that they can be switched to. */
export const VARIANTS: Readonly<Record<string, Variant>> = {
  dev: { stack: "dev" },
  "dev with elk": { stack: "dev", changes: { logging: "elk" } },
  "dev with both log stores": { stack: "dev", changes: { logging: "both" } },
  "dev with a front door and a collector as shipper": {
    stack: "dev",
    changes: { frontDoor: '{"domain":"localhost"}', shipper: "otel-collector" },
  },
  prod: { stack: "prod" },
  "prod with a folder for snapshots, and both log stores, one with a collector as shipper": {
    stack: "prod",
    changes: { elasticsearchSnapshots: '{"storageClass":"nfs"}', logging: "both", shipper: "otel-collector" },
  },
  "prod with both log stores": { stack: "prod", changes: { logging: "both" } },
};

/** Configuration as the engine hands it to the program: the project's defaults under the stack's own values. */
export function configOf({ stack, changes = {} }: Variant): Record<string, string> {
  const defaults = Object.entries(read("Pulumi.yaml").config).map(
    ([key, value]) => [key, (value as { default: unknown }).default] as const,
  );
  const named = Object.entries({ ...changes, ...SECRETS }).map(
    ([key, value]) => [`pyairtable-monitoring:${key}`, value] as const,
  );
  const all = [...defaults, ...Object.entries(read(`Pulumi.${stack}.yaml`).config), ...named];
  return Object.fromEntries(
    all.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** Everything that the whole program registers for a variant, as the rules see it, and every secret in it. */
export async function wholeProgram(variant: Variant): Promise<{ resources: Resource[]; secrets: string[] }> {
  const recorder = await recordResources(variant.stack);
  const isProtected = watchProtection();
  const secretKeys = Object.keys(SECRETS).map((key) => `pyairtable-monitoring:${key}`);
  pulumi.runtime.setAllConfig(configOf(variant), secretKeys);
  const { default: program } = (await import("../../index")) as unknown as { default: () => Promise<unknown> };
  await program().finally(() => recorder.drain());
  return {
    resources: recorder.registrations.map(({ type, name, inputs }) => ({
      type,
      name,
      inputs,
      protect: isProtected.has(name),
    })),
    secrets: [
      ...Object.values(SECRETS),
      ...new Set(recorder.registrations.flatMap(({ inputs, shown }) => generatedIn(inputs, shown))),
    ],
  };
}

/** A password that the program derives, and one that the mocks say was generated. */
const GENERATED = /^([0-9a-f]{48}|generated-[\w-]+)$/;

/** The generated secrets in a value, which are in the places where the same value as it may be shown has none. */
function generatedIn(value: unknown, shown: unknown): string[] {
  if (typeof value === "string") {
    return shown === HIDDEN ? value.split(/[^\w-]+/).filter((word) => GENERATED.test(word)) : [];
  }
  if (typeof value !== "object" || value === null) return [];
  const parts = shown as Readonly<Record<string, unknown>>;
  return Object.entries(value).flatMap(([key, entry]) => generatedIn(entry, shown === HIDDEN ? HIDDEN : parts[key]));
}

const HIDDEN = "[secret]";

interface Monitor {
  registerResource(request: RegisterResourceRequest, callback: unknown): void;
}

/** Names of the resources that are registered as protected from now on; the recorder does not keep it. */
function watchProtection(): Set<string> {
  const names = new Set<string>();
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    if (request.getProtect()) names.add(request.getName());
    register(request, callback);
  };
  return names;
}
