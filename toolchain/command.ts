import { spawn } from "node:child_process";

/** How a command ended. */
export interface CommandResult {
  readonly succeeded: boolean;
  /** Whether there was no such program to start. */
  readonly missing: boolean;
  /** What it wrote to standard output, without the final line break. */
  readonly stdout: string;
  /** Standard output and standard error, in the order of arrival. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  /** Variables beside those of this process, which the command gets too. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which the command is ended. Without it there is no limit. */
  readonly timeout?: number;
}

/** Runs a program to its end and collects what it writes. A failure is a result and not an exception. */
export function runCommand(
  program: string,
  commandArguments: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(program, commandArguments, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeout,
    });
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      resolve({ succeeded: false, missing: error.code === "ENOENT", stdout, output: output || error.message });
    });
    child.on("close", (code) => {
      resolve({ succeeded: code === 0, missing: false, stdout: stdout.trimEnd(), output });
    });
  });
}
