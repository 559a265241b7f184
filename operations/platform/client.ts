import type { Readable } from "node:stream";

import type { ProgramOutput } from "../../components/stack-outputs";

/** How the platform sees a program. */
export interface ProgramState {
  readonly running: boolean;
  /** How it ended, where it did. */
  readonly exitCode?: number;
  /** What the platform's own check says; nothing where it has none. */
  readonly health?: "healthy" | "unhealthy" | "starting";
  /** Why it does not run or is not healthy. */
  readonly detail?: string;
  /** Whether something else holds the program's place, since its image can not be had on this machine. */
  readonly standIn: boolean;
  /** Set where the platform has nothing of the program, not even stopped. */
  readonly missing?: true;
}

/** What a volume holds, and what the disk below it has left. Bytes. */
export interface VolumeUse {
  /** What the platform calls the volume. */
  readonly volume: string;
  /** Names the disk that it is on. */
  readonly disk: string;
  readonly used: number;
  readonly free: number;
  readonly total: number;
}

/** What a command or a request came to. */
export interface Outcome {
  readonly succeeded: boolean;
  readonly output: string;
}

/** Something to post, as JSON. */
export interface Post {
  readonly url: string;
  readonly body: unknown;
}

export interface LogOptions {
  /** How many of the last lines. */
  readonly tail: number;
  /** Whether to go on with what comes. */
  readonly follow: boolean;
}

/** What the verbs ask of the platform that a stack runs on. Every platform has one implementation. */
export interface PlatformClient {
  state(program: ProgramOutput): Promise<ProgramState>;
  /**
   * Bytes of memory that a program uses, without the files that it has cached; of several copies the one that uses most, since
   * the limit is each copy's. Nothing while it does not run, or where nobody says.
   */
  memory(program: ProgramOutput): Promise<number | undefined>;
  /**
   * An address of a program that answers on this machine.
   *
   * @throws Error when it has none.
   */
  reach(program: ProgramOutput): Promise<string>;
  /** Runs a command inside a program. */
  exec(program: ProgramOutput, command: readonly string[]): Promise<Outcome>;
  /** Sends requests from where the monitored services run, one after the other. */
  postAsService(posts: readonly Post[]): Promise<Outcome[]>;
  /** Hands over a program's log line by line; ends at its end, or never with `follow`. */
  logs(program: ProgramOutput, options: LogOptions, line: (text: string) => void): Promise<void>;
  /** Stops a program and gives it time to write down what it holds in memory. What runs on every node of a cluster goes on. */
  stop(program: ProgramOutput): Promise<void>;
  /** Starts it again, with as many copies as it had. */
  start(program: ProgramOutput): Promise<void>;
  /** Names of the volumes of the stack that exist, whether its programs do or not. */
  volumes(): Promise<string[]>;
  /** What volumes hold. Those that can not be looked into now are left out. */
  use(volumes: readonly string[]): Promise<VolumeUse[]>;
  /** A volume's content as a tar stream. */
  read(volume: string): Promise<Readable>;
  /**
   * Unpacks a tar stream into a folder of a volume, with the owners that it names; on a cluster everything is the program's
   * own user's. The folder must exist.
   */
  write(volume: string, folder: string, content: Readable): Promise<void>;
  /**
   * Runs a shell script in a volume.
   *
   * @throws Error with what the script wrote when it fails.
   */
  inVolume(volume: string, script: string): Promise<string>;
  /** Removes all that the stack has left on the platform, volumes with their data included. */
  removeAll(): Promise<void>;
  /** Ends what was opened to reach programs. */
  close(): Promise<void>;
}
