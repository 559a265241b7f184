import Docker from "dockerode";

import { images, type ImageName } from "../components/images";
import type { Report } from "../toolchain/cache";
import { ensureDockerEngine } from "../toolchain/docker-engine";
import { ensureImages, type ImageOrigin } from "../toolchain/images/ensure";
import { hasVendorPlugin, NOTICE, startPlugins } from "../toolchain/plugins";
import { ensurePulumi } from "../toolchain/pulumi-cli";
import { dependencies } from "../package.json";
import { openWorkspace, type Workspace } from "./workspace";

/** The providers whose resources the program creates, with the versions of their packages. */
const PROVIDERS = { docker: dependencies["@pulumi/docker"], random: dependencies["@pulumi/random"] };

export interface Tools {
  readonly workspace: Workspace;
  /** Ends what was started for this run. */
  stop(): void;
}

/** Pulumi's engine, its provider plugins and a place for state: all that any `pulumi` command needs. */
export async function prepareTools(report: Report): Promise<Tools> {
  const cli = await ensurePulumi({ report });
  const workspace = await openWorkspace(cli);
  const own = await Promise.all(
    Object.entries(PROVIDERS).map(([name, version]) =>
      hasVendorPlugin(name, version, { env: { ...process.env, ...workspace.env }, download: cli.online }),
    ),
  );
  if (own.every(Boolean)) return { workspace, stop: () => {} };
  report(NOTICE);
  const plugins = await startPlugins();
  return {
    workspace: { ...workspace, env: { ...workspace.env, ...plugins.environment } },
    stop: () => plugins.stop(),
  };
}

export interface Engine {
  readonly docker: Docker;
  readonly origins: Partial<Record<ImageName, ImageOrigin>>;
}

/** A Docker engine that has every image of the stack. */
export async function prepareEngine(report: Report): Promise<Engine> {
  const engine = await ensureDockerEngine(report);
  if (engine.source !== "running") report(`Docker engine ${engine.version} ${engine.source}`);
  const docker = new Docker();
  return { docker, origins: await ensureImages(Object.keys(images), { docker, report }) };
}
