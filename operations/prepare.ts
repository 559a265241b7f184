import Docker from "dockerode";

import { images, type ImageName } from "../components/images";
import type { Settings } from "../components/settings/settings";
import type { Report } from "../toolchain/cache";
import { ensureDockerEngine } from "../toolchain/docker-engine";
import { ensureImages, type ImageOrigin } from "../toolchain/images/ensure";
import { hasVendorPlugin, NOTICE, startPlugins } from "../toolchain/plugins";
import { ensurePulumi } from "../toolchain/pulumi-cli";
import { dependencies } from "../package.json";
import { isDenied, pingEngine } from "./platform/docker";
import { openWorkspace, type Workspace } from "./workspace";

/** The providers whose resources the program creates, with the versions of their packages. */
const PROVIDERS = {
  docker: dependencies["@pulumi/docker"],
  random: dependencies["@pulumi/random"],
  kubernetes: dependencies["@pulumi/kubernetes"],
};

export type Provider = keyof typeof PROVIDERS;

/** The providers that a stack on each platform uses. */
export const PROVIDERS_OF = {
  docker: ["docker", "random"],
  kubernetes: ["kubernetes", "random"],
} as const satisfies Record<string, readonly Provider[]>;

export interface Tools {
  readonly workspace: Workspace;
  /** Ends what was started for this run. */
  stop(): void;
}

/** Pulumi's engine and a place for state: all that a command needs that only reads the state. */
export async function prepareWorkspace(report: Report): Promise<Workspace> {
  return openWorkspace(await ensurePulumi({ report }), report);
}

/**
 * Pulumi's engine, provider plugins and a place for state: all that any `pulumi` command needs.
 *
 * @param providers whose resources the stack has. Default: those of a stack on Docker.
 */
export async function prepareTools(
  report: Report,
  providers: readonly Provider[] = PROVIDERS_OF.docker,
): Promise<Tools> {
  const cli = await ensurePulumi({ report });
  const workspace = await openWorkspace(cli, report);
  const own = await Promise.all(
    providers.map((name) =>
      hasVendorPlugin(name, PROVIDERS[name], { env: { ...process.env, ...workspace.env }, download: cli.online }),
    ),
  );
  if (own.every(Boolean)) return { workspace, stop: () => {} };
  report(NOTICE);
  const plugins = await startPlugins(process.env, providers);
  return {
    workspace: { ...workspace, env: { ...workspace.env, ...plugins.environment } },
    stop: () => plugins.stop(),
  };
}

/** Those of the providers whose vendor's plugin is not installed for this user. Nothing is downloaded. */
export async function missingPlugins(providers: readonly Provider[]): Promise<string[]> {
  const found = await Promise.all(
    providers.map(async (name) => ((await hasVendorPlugin(name, PROVIDERS[name], { download: false })) ? [] : [name])),
  );
  return found.flat();
}

export interface Engine {
  readonly docker: Docker;
  readonly origins: Partial<Record<ImageName, ImageOrigin>>;
}

/** The images of the programs that a stack with these settings runs. */
export function imagesOf({ loki, elk, frontDoor }: Settings): ImageName[] {
  const unused = new Set<ImageName>([
    ...(loki ? [] : (["loki"] as const)),
    ...(loki?.shipper === "promtail" ? [] : (["promtail"] as const)),
    ...(elk ? [] : (["elasticsearch", "elasticsearchExporter", "kibana", "logstash", "filebeat"] as const)),
    ...(frontDoor ? [] : (["caddy"] as const)),
  ]);
  return (Object.keys(images) as ImageName[]).filter((name) => !unused.has(name));
}

/**
 * A Docker engine that has the images that are wanted.
 *
 * @param wanted names of the table in `components/images.ts`; without it, all of them.
 */
export async function prepareEngine(
  report: Report,
  wanted: readonly ImageName[] = Object.keys(images) as ImageName[],
): Promise<Engine> {
  const engine = await ensureDockerEngine(report);
  if (engine.source !== "running") report(`Docker engine ${engine.version} ${engine.source}`);
  const docker = new Docker();
  return { docker, origins: await ensureImages(wanted, { docker, report }) };
}

/**
 * Where an engine answers, but not to this user, nothing can be prepared, nor where the one that DOCKER_HOST names does not
 * answer: any other one is started or installed.
 *
 * @throws UsageError that says what to do.
 */
export async function refuseWithoutRights(): Promise<void> {
  await pingEngine(new Docker()).catch((error: unknown) => {
    if (process.env.DOCKER_HOST || isDenied(error)) throw error;
  });
}
