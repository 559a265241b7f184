import type Docker from "dockerode";

/** A command in a running container: what it wrote, and how it ended. */
export async function execIn(
  docker: Docker,
  container: string,
  command: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  const run = await docker
    .getContainer(container)
    .exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true, Tty: true });
  const stream = await run.start({ Tty: true });
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve, reject) => stream.once("end", resolve).once("error", reject));
  const { ExitCode } = await run.inspect();
  return { code: ExitCode ?? -1, output: Buffer.concat(chunks).toString("utf8") };
}

/** The same for a command that must succeed. */
export async function runIn(docker: Docker, container: string, command: readonly string[]): Promise<string> {
  const { code, output } = await execIn(docker, container, command);
  if (code !== 0) throw new Error(`${command[0]} in ${container} ended with ${code}: ${output.trim()}`);
  return output;
}
