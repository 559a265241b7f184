import { PassThrough, type Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import type { Outcome } from "./client";
import type { ClusterApi, Socket } from "./kubernetes-api";
import { podsIn } from "./kubernetes-objects";

/** A container of a pod. */
export interface Target {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** Streams of the exec protocol: the first byte of each frame. */
const [STDIN, STDOUT, STDERR, STATUS] = [0, 1, 2, 3];

/** How the command came out, as the last frame says. */
interface Status {
  readonly status?: "Success" | "Failure";
  readonly message?: string;
}

/** How a command ended. */
export interface Ending {
  readonly succeeded: boolean;
  /** What it wrote to standard error. */
  readonly errors: string;
  /** Why it failed, as the cluster says. */
  readonly reason: string;
}

/** A command that runs in a pod. */
export interface Running {
  readonly stdout: Readable;
  /** Sends a piece of standard input, and waits until it has left. There is no way to say that no more will come. */
  write(piece: Buffer): Promise<void>;
  /** Resolves once the command has ended, or the connection to it. */
  readonly ended: Promise<Ending>;
  /** Lets go of the command, which may go on. */
  close(): void;
}

/** Bytes that may wait for whoever reads before the connection is told to wait as well. */
const WAITING = 2 ** 20;

/**
 * Runs a command in a container.
 *
 * @throws Error when it can not be begun.
 */
export async function runIn(api: ClusterApi, target: Target, command: readonly string[]): Promise<Running> {
  const { namespace, pod, container } = target;
  const query = new URLSearchParams({ container, stdin: "true", stdout: "true", stderr: "true", tty: "false" });
  for (const word of command) query.append("command", word);
  const stdout = new PassThrough({ highWaterMark: WAITING });
  const notes: Buffer[] = [];
  let status: Status | undefined;
  const opened: { socket?: Socket } = {};
  // What comes in before there is something to tell to wait is little.
  const receive = (stream: number, data: Buffer) => {
    if (stream === STDERR) notes.push(data);
    else if (stream === STATUS) status = JSON.parse(data.toString("utf8")) as Status;
    else if (stream === STDOUT && !stdout.destroyed && !stdout.write(data)) opened.socket?.pause();
  };
  const path = `${podsIn(namespace, pod)}/exec?${query}`;
  const socket = await api.socket(path, `running a command in pods of the namespace ${namespace}`, receive);
  opened.socket = socket;
  stdout.on("drain", () => socket.resume());
  const closed = new Promise<string>((resolve) => {
    socket.on("error", (error) => resolve((error as Error).message));
    socket.on("close", () => resolve("the connection to the pod broke off"));
  });
  const ended = closed.then((reason): Ending => {
    stdout.end();
    const errors = Buffer.concat(notes).toString("utf8");
    return { succeeded: status?.status === "Success", errors, reason: status?.message ?? reason };
  });
  return { stdout, write: (piece) => writeTo(socket, piece), ended, close: () => socket.close() };
}

function writeTo(socket: Socket, piece: Buffer): Promise<void> {
  const frame = Buffer.concat([Buffer.from([STDIN as number]), piece]);
  return new Promise((resolve, reject) => socket.send(frame, (error) => (error ? reject(error) : resolve())));
}

/** A command that says nothing for so long hangs. */
const COMMAND_MS = 60_000;

/** Runs a command to its end, and gives all that it wrote. */
export async function outcomeOf(
  api: ClusterApi,
  target: Target,
  command: readonly string[],
  patience = COMMAND_MS,
): Promise<Outcome> {
  const running = await runIn(api, target, command);
  const chunks: Buffer[] = [];
  running.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const patient = new AbortController();
  const late = sleep(patience, undefined, { signal: patient.signal }).then(
    (): Ending => ({ succeeded: false, errors: "", reason: `no end after ${patience / 1_000} s` }),
    (): Ending => ({ succeeded: false, errors: "", reason: "" }),
  );
  const { succeeded, errors, reason } = await Promise.race([running.ended, late]);
  patient.abort();
  running.close();
  const output = Buffer.concat(chunks).toString("utf8") + errors;
  return { succeeded, output: succeeded ? output : output || reason };
}
