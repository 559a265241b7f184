/**
 * What a plugin needs to know of one resource type. The server does the checking, the comparing and the secrets.
 */
import type { Difference } from "./diff";
import type { Autonaming, Checked, Schema } from "./schema";
import type { Values } from "./values";

export interface Created {
  readonly id: string;
  readonly outputs: Values;
}

/** A resource was made, something after that failed, and it could not be taken away again. */
export class PartialFailure extends Error {
  public override readonly name = "PartialFailure";

  public constructor(
    public readonly id: string,
    public readonly reason: string,
    /** Filled in by the handlers, which know what is secret. */
    public readonly outputs: Values = {},
    /** What a program would have to give; only for a read, which may find them changed. */
    public readonly inputs?: Values,
  ) {
    super(reason);
  }
}

/** Writes a line to the engine's log for the resource at hand. Never give it a value that may be secret. */
export type Warn = (message: string) => void;

export interface ResourceType {
  /** Type token, such as `docker:index/network:Network`. */
  readonly token: string;
  readonly schema: Schema;
  /** Version of the vendor's state format, so that the vendor's plugin can take the state over. */
  readonly stateVersion: number;
  /** The old resource goes before its replacement is made. Default: only when both would have the same name. */
  readonly deleteBeforeReplace?: boolean;
  create(inputs: Values): Promise<Created>;
  /** @returns undefined when the resource is gone. */
  read(id: string, state: Values): Promise<Created | undefined>;
  /** Left out where every change needs a new resource. */
  update?(id: string, olds: Values, news: Values, warn: Warn): Promise<Values>;
  /** Already gone is success. */
  delete(id: string, state: Values): Promise<void>;
}

/** What a request to a {@link Handler} comes with. */
export interface Request {
  /** The resource's name in the program. */
  readonly name: string;
  /** Seconds that the program allows, or 0. */
  readonly timeout: number;
  /** Set when the user breaks the run off. */
  readonly cancelled: AbortSignal;
  /** Writes a line that stays. Never give it a value that may be secret. */
  readonly warn: Warn;
  /** Shows what is going on beside the resource, until something else is shown. */
  readonly status: Warn;
}

/** A resource that was read, and the inputs that would give it. */
export interface Found extends Created {
  readonly inputs: Values;
}

/**
 * A resource type whose properties are no flat table, and which therefore does the checking and comparing itself. All
 * values come and go with their markers for secrets.
 */
export interface Handler {
  check(olds: Values, news: Values, request: Request, naming?: Autonaming): Promise<Checked> | Checked;
  diff(olds: Values, oldInputs: Values, news: Values, ignored: readonly string[]): Promise<Difference> | Difference;
  create(inputs: Values, preview: boolean, request: Request): Promise<Created>;
  read(id: string, state: Values, inputs: Values, request: Request): Promise<Found | undefined>;
  update(id: string, olds: Values, news: Values, preview: boolean, request: Request): Promise<Values>;
  remove(id: string, state: Values, request: Request): Promise<void>;
}
