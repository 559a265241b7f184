/**
 * What a plugin needs to know of one resource type. The server does the checking, the comparing and the secrets.
 */
import type { Schema } from "./schema";
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
