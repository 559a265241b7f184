import { runCommand } from "../../toolchain/command";
import { UsageError } from "../fail";

/** A file that a range of commits changed. */
export interface Change {
  /** As Git writes it: A for added, M for modified, D for deleted. */
  readonly status: string;
  readonly path: string;
}

/** The checkout that a promotion is about. Nothing here writes to it. */
export class Repository {
  private constructor(
    readonly folder: string,
    /** The commit that is checked out, in full. */
    readonly head: string,
  ) {}

  /** @throws UsageError when the folder is in no Git repository, or nothing is committed there. */
  static async open(folder: string): Promise<Repository> {
    const head = await runCommand("git", ["rev-parse", "--verify", "HEAD"], { cwd: folder });
    if (head.missing) throw new UsageError("git is not installed, and a promotion is about a commit: install it");
    if (!head.succeeded) {
      throw new UsageError(`${folder} has no commit, and a promotion is about one: run this in a clone of the project`);
    }
    return new Repository(folder, head.stdout.trim());
  }

  /** Files of the work tree that are not as in the commit, new ones included. */
  async uncommitted(): Promise<string[]> {
    const lines = await this.#lines(["status", "--porcelain", "--untracked-files=normal"]);
    return lines.map((line) => line.slice(3));
  }

  /** Whether the repository has the commit; a shallow clone may not. */
  async knows(commit: string): Promise<boolean> {
    const args = ["cat-file", "-e", `${commit}^{commit}`];
    return (await runCommand("git", args, { cwd: this.folder })).succeeded;
  }

  /** Whether the first commit is the second or comes before it. */
  async isBefore(first: string, second: string): Promise<boolean> {
    return (await runCommand("git", ["merge-base", "--is-ancestor", first, second], { cwd: this.folder })).succeeded;
  }

  /** Commits that lead from one to the other, newest first, as `<short id> <subject>`. */
  commits(from: string, to: string): Promise<string[]> {
    return this.#lines(["log", "--format=%h %s", `${from}..${to}`]);
  }

  /** Files that differ between two commits. */
  async changes(from: string, to: string): Promise<Change[]> {
    const lines = await this.#lines(["diff", "--name-status", "--no-renames", from, to]);
    return lines.map((line) => {
      const [status = "", path = ""] = line.split("\t");
      return { status, path };
    });
  }

  /** A file as it is in a commit; nothing where the commit has none of the name. */
  async file(commit: string, path: string): Promise<string | undefined> {
    const shown = await runCommand("git", ["show", `${commit}:${path}`], { cwd: this.folder });
    return shown.succeeded ? shown.stdout : undefined;
  }

  async #lines(command: readonly string[]): Promise<string[]> {
    const result = await runCommand("git", ["-c", "core.quotePath=false", ...command], { cwd: this.folder });
    if (!result.succeeded) throw new Error(`git ${command[0]} failed:\n${result.output.trim()}`);
    return result.stdout.split("\n").filter((line) => line !== "");
  }
}
