import { spawn, type SpawnOptions } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Check } from "../../../operations/checks";
import { copyCheckout } from "../../support/checkout";
import { docker, removeLeftovers, uniqueName, writeConfiguration } from "./test-stack";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A verb at work. */
export interface Begun {
  /** What it has printed by now. */
  readonly stdout: () => string;
  /** Interrupts it, as a person at the terminal does. */
  readonly end: () => Promise<void>;
}

/** What `verify --json` prints. */
export interface Verified {
  readonly ok: boolean;
  /** What the checks took, without the start of the command. */
  readonly seconds: number;
  readonly probe: { readonly id: string; readonly value: number };
  readonly checks: readonly Check[];
}

/** A checkout of its own whose files a test may edit, with a stack under a name of its own. */
export class Checkout {
  private constructor(
    readonly stack: string,
    readonly folder: string,
    /** Folder of the stacks' state. */
    readonly state: string,
  ) {}

  static async create(state: string, more: Record<string, unknown> = {}): Promise<Checkout> {
    const stack = uniqueName();
    const folder = await mkdtemp(path.join(tmpdir(), `${stack}-`));
    await chmod(folder, 0o755);
    await copyCheckout(folder, ["configs", "docs/runbooks"]);
    await writeConfiguration(folder, stack, more);
    return new Checkout(stack, folder, state);
  }

  /** `monitoring <verb> ... --stack <the stack>` in the checkout. */
  run(...args: readonly string[]): Promise<Ended> {
    return this.exact([...args, "--stack", this.stack]);
  }

  /** `monitoring` with just these arguments. */
  exact(args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
    return this.#node(["operations/monitoring.mjs", ...args], options);
  }

  /** `monitoring <verb> ... --stack <the stack>` that goes on until it is ended. */
  begin(...args: readonly string[]): Begun {
    const child = spawn(process.execPath, ["operations/monitoring.mjs", ...args, "--stack", this.stack], {
      cwd: this.folder,
      env: { ...process.env, PYAIRTABLE_MONITORING_STATE: this.state },
      stdio: ["ignore", "pipe", "ignore"],
    });
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const end = () => {
      child.kill("SIGINT");
      return closed;
    };
    return { stdout: () => stdout, end };
  }

  /** `npm run pulumi -- ...` in the checkout. */
  pulumi(...args: readonly string[]): Promise<Ended> {
    return this.#node(["--import", "tsx", "operations/pulumi.ts", ...args, "--stack", this.stack], {});
  }

  /** Where the stack's programs answer. */
  async urls(): Promise<Record<string, string>> {
    return (JSON.parse((await this.run("urls", "--json")).stdout) as { urls: Record<string, string> }).urls;
  }

  async verify(): Promise<Verified> {
    const { stdout, stderr } = await this.run("verify", "--json");
    if (stdout === "") throw new Error(`verify printed nothing: ${stderr}`);
    return JSON.parse(stdout) as Verified;
  }

  #node(args: readonly string[], options: SpawnOptions): Promise<Ended> {
    const env = { ...process.env, PYAIRTABLE_MONITORING_STATE: this.state, ...options.env };
    const child = spawn(process.execPath, args, {
      cwd: this.folder,
      ...options,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
  }

  async remove(): Promise<void> {
    await removeLeftovers(this.stack);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What failed, one line each. */
export function failures({ checks }: Verified): string[] {
  const failed = checks.filter(({ verdict }) => verdict === "failed");
  return failed.map(({ check, subject, detail }) => `${check} | ${subject} | ${detail}`);
}

/** A webhook that containers reach, and that answers with the status that a test asks for. */
export class Webhook {
  status = 200;
  readonly #server: Server;

  private constructor(
    server: Server,
    readonly url: string,
  ) {
    this.#server = server;
  }

  static async listen(): Promise<Webhook> {
    const bridge = (await docker.getNetwork("bridge").inspect()) as { IPAM: { Config: { Subnet: string }[] } };
    // The engine takes the first address of the range for itself.
    const host = (bridge.IPAM.Config[0]?.Subnet as string).replace(/\.0\/\d+$/, ".1");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as { port: number };
    const webhook = new Webhook(server, `http://${host}:${port}/alerts`);
    server.on("request", (request, response) => {
      request.resume().once("end", () => response.writeHead(webhook.status).end());
    });
    return webhook;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
