import type { PromotionStack } from "../../../operations/promote/promote";

export interface Update {
  readonly commit?: string;
  readonly kind?: string;
  readonly result?: string;
  readonly dirty?: boolean;
  /** Options of the update, as on the command line. */
  readonly options?: readonly string[];
}

/** When the update of this index began. */
export const startOf = (index: number) => new Date(Date.UTC(2025, 0, 1 + index)).toISOString();

/** A stack that answers as the engine does, from a list of updates, oldest first, and its tags. */
export class FakeStack implements PromotionStack {
  readonly tags: Record<string, string> = { "pulumi:project": "pyairtable-monitoring" };
  readonly updates: Update[] = [];
  readonly commands: string[] = [];
  programs: { name: string; image: string }[] = [];
  previewFails = false;
  isReadOnly = false;
  /** Operations whose end the state does not know. */
  pending = 0;

  constructor(readonly stack: string) {}

  capture(command: readonly string[]): Promise<string> {
    this.commands.push(command.join(" "));
    const [first, second, third, name = "", value = ""] = command;
    if (first === "preview") return Promise.resolve(JSON.stringify({ changeSummary: { update: 2 } }));
    if (second === "export") {
      const deployment = this.pending > 0 ? { pending_operations: Array(this.pending).fill({}) as object[] } : {};
      return Promise.resolve(JSON.stringify({ version: 3, deployment }));
    }
    if (second === "history") return Promise.resolve(JSON.stringify(this.#history()));
    if (this.isReadOnly && (third === "set" || third === "rm")) {
      return Promise.reject(new Error("pulumi stack tag failed:\nerror: [403]\nno right to write"));
    }
    if (third === "set") this.tags[name] = value;
    if (third === "rm") delete this.tags[name];
    return Promise.resolve(third === "ls" ? JSON.stringify(this.tags) : "");
  }

  show(command: readonly string[]): Promise<number> {
    this.commands.push(command.join(" "));
    return Promise.resolve(this.previewFails ? 1 : 0);
  }

  outputs() {
    return Promise.resolve({ programs: this.programs } as never);
  }

  #history() {
    const entries = this.updates.map((update, index) => {
      const { commit, kind = "update", result = "succeeded", dirty = false, options = [] } = update;
      const flags = Object.fromEntries(options.map((option) => [`pulumi.flag.${option}`, "set"]));
      const git = commit === undefined ? {} : { "git.head": commit, "git.dirty": String(dirty) };
      return { startTime: startOf(index), kind, result, environment: { ...flags, ...git } };
    });
    // The engine gives null for no history at all.
    return entries.length === 0 ? null : entries.reverse();
  }
}
