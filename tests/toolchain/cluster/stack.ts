/** A stack of a few lines on the real Pulumi engine, this project's own kubernetes plugin and a test cluster. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startPlugins } from "../../../toolchain/plugins";
import { ensurePulumi } from "../../../toolchain/pulumi-cli";

const REPOSITORY = path.resolve(__dirname, "../../..");

export interface Run {
  readonly code: number;
  readonly output: string;
}

export interface TestStack {
  run(args: readonly string[], more?: NodeJS.ProcessEnv): Promise<Run>;
  /** Runs `pulumi` and gives what it wrote. Fails when it does. */
  succeed(args: readonly string[], more?: NodeJS.ProcessEnv): Promise<string>;
  /** The state as it lies on the disk. */
  state(): Promise<string>;
  remove(): Promise<void>;
}

/** @param program JavaScript that makes resources, with the module as `k8s`. */
export async function testStack(program: string, env: Readonly<Record<string, string>>): Promise<TestStack> {
  const cli = await ensurePulumi();
  const folder = await mkdtemp(path.join(tmpdir(), "kubernetes-stack-"));
  const plugins = await startPlugins(process.env, ["kubernetes"]);
  const environment = {
    ...process.env,
    ...plugins.environment,
    ...env,
    PATH: [cli.folder, process.env["PATH"]].filter(Boolean).join(path.delimiter),
    PULUMI_HOME: path.join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "a passphrase",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const dependencies = { "@pulumi/kubernetes": "4.34.2" };
  const manifest = JSON.stringify({ name: "stack", main: "index.js", dependencies });
  await writeFile(path.join(folder, "Pulumi.yaml"), "name: stack\nruntime: nodejs\nmain: index.js\n");
  await writeFile(path.join(folder, "package.json"), manifest);
  await writeFile(path.join(folder, "index.js"), `const k8s = require("@pulumi/kubernetes");\n${program}`);
  await symlink(path.join(REPOSITORY, "node_modules"), path.join(folder, "node_modules"));

  function run(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Run> {
    const options = { cwd: folder, env: { ...environment, ...more }, maxBuffer: 64 * 1024 * 1024 };
    return new Promise((resolve) => {
      execFile("pulumi", [...args, "--non-interactive", "--color", "never"], options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
      );
    });
  }

  async function succeed(args: readonly string[], more?: NodeJS.ProcessEnv): Promise<string> {
    const { code, output } = await run(args, more);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} failed:\n${output}`);
    return output;
  }

  await succeed(["stack", "init", "test"]);
  return {
    run,
    succeed,
    state: () => readFile(path.join(folder, ".pulumi", "stacks", "stack", "test.json"), "utf8"),
    remove: async () => {
      plugins.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
