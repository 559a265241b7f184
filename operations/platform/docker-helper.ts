import type Docker from "dockerode";

import { images } from "../../components/images";
import { stackLabels } from "../../components/platform/labels";
import type { Outcome } from "./client";

/** A container for one task, beside those of a stack. */
export interface HelperOptions {
  /** Name of the stack, whose label it carries: the next `npm start` removes one that was left behind. */
  readonly stack: string;
  readonly script: string;
  /**
   * @default none
   */
  readonly network?: string;
  /** Volumes by the folder at which the script finds them. */
  readonly volumes?: Readonly<Record<string, string>>;
  readonly readOnly?: boolean;
}

/** What it takes to read and move files of any owner. */
const FILE_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER"];

/** Makes a container of the smallest image that every stack has, hands it to `use`, and removes it. */
export async function withHelper<T>(
  docker: Docker,
  { stack, script, network, volumes = {}, readOnly = false }: HelperOptions,
  use: (container: Docker.Container) => Promise<T>,
): Promise<T> {
  const mode = readOnly ? ":ro" : "";
  const container = await docker.createContainer({
    Image: images.busybox.reference,
    Cmd: ["sh", "-c", script],
    User: "0:0",
    Labels: Object.fromEntries(stackLabels(stack, "operator").map(({ label, value }) => [label, value])),
    HostConfig: {
      NetworkMode: network ?? "none",
      Binds: Object.entries(volumes).map(([folder, volume]) => `${volume}:${folder}${mode}`),
      CapDrop: ["ALL"],
      CapAdd: Object.keys(volumes).length > 0 ? FILE_CAPABILITIES : [],
      SecurityOpt: ["no-new-privileges:true"],
      Memory: 128 * 2 ** 20,
      LogConfig: { Type: "json-file", Config: {} },
    },
  });
  try {
    return await use(container);
  } finally {
    await container.remove({ force: true });
  }
}

/** Runs a helper's script to its end. */
export function runHelper(docker: Docker, options: HelperOptions): Promise<Outcome> {
  return withHelper(docker, options, async (container) => {
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    const output = withoutFrames(await container.logs({ stdout: true, stderr: true }));
    return { succeeded: StatusCode === 0, output };
  });
}

/** The engine puts eight bytes in front of each piece of output: the stream's number and the piece's length. */
export function withoutFrames(framed: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= framed.length;) {
    const length = framed.readUInt32BE(at + 4);
    pieces.push(framed.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(pieces).toString("utf8");
}
