import type { GoProgram } from "../go/recipes";
import type { MavenArchiveName, MavenProgram } from "../maven";

/** Who owns a file, by number. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

interface Account extends Owner {
  /** @default `/` */
  readonly home?: string;
}

/** A distribution, unpacked. */
export interface ArchiveContent {
  readonly name: MavenArchiveName;
  readonly path: string;
  /** Changes to its files: a path below `path`, the text there and what stands in its place. */
  readonly edits?: Readonly<Record<string, readonly [text: string, replacement: string]>>;
}

/** One thing in an image's file system. Those without a path of their own, `archive` and `jars` become many files. */
export type Entry =
  | ({ readonly kind: "directory"; readonly path: string; readonly mode: number } & Owner)
  | ({ readonly kind: "file"; readonly path: string; readonly mode: number; readonly content: string } & Owner)
  | { readonly kind: "program"; readonly path: string; readonly program: GoProgram; readonly binary: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | ({ readonly kind: "archive" } & ArchiveContent)
  | { readonly kind: "jars"; readonly path: string; readonly program: MavenProgram }
  | { readonly kind: "package"; readonly name: string }
  | { readonly kind: "busybox" | "certificates" | "timeZones" };

/** How an image is put together so that it behaves like its vendor's. */
export interface ImageRecipe {
  /** Name of the program, for people. */
  readonly title: string;
  /** The release that is in the image, as its vendor writes it. */
  readonly version: string;
  /** `stand-in`: not the program, only something that holds its place. */
  readonly source: "built" | "stand-in";
  readonly program?: GoProgram;
  /** Name of each binary of the program and its path in the image. */
  readonly binaries?: Readonly<Record<string, string>>;
  /** A distribution that lies unpacked in the image. Files of the recipe take the place of its own. */
  readonly archive?: ArchiveContent;
  /** A program's jars and the folder that they are in. */
  readonly jars?: { readonly path: string; readonly program: MavenProgram };
  /** Debian packages whose programs and libraries are in the image. What they depend on is named too. */
  readonly packages?: readonly string[];
  /** Symbolic links: path and target. */
  readonly links?: Readonly<Record<string, string>>;
  /** Whether the vendor's image has a shell and the usual small programs, `wget` among them. */
  readonly shell: boolean;
  /** Accounts beside root and nobody. */
  readonly accounts?: Readonly<Record<string, Account>>;
  /** Directories beside those that every path needs. A plain path belongs to root. */
  readonly directories?: readonly ({ readonly path: string; readonly mode: number } & Owner)[];
  readonly files?: readonly ({
    readonly path: string;
    readonly mode?: number;
    readonly content: string;
  } & Partial<Owner>)[];
  /** Whether the vendor's base has /tmp, writable for everybody. */
  readonly tmp: boolean;
  readonly certificates: boolean;
  readonly timeZones: boolean;
  /** Commands that the engine runs in the image, as root, when it builds it. */
  readonly build?: readonly string[];
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly number[];
  readonly volumes?: readonly string[];
  readonly healthCheck?: { readonly command: readonly string[]; readonly interval: string; readonly timeout: string };
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
}

export const NOBODY: Owner = { uid: 65534, gid: 65534 };
const ROOT: Owner = { uid: 0, gid: 0 };

/** Everything that is in the image, parents before children. */
export function layout(recipe: ImageRecipe): Entry[] {
  const entries: Entry[] = [...accountFiles(recipe.accounts ?? {})];
  if (recipe.tmp) {
    entries.push({ kind: "directory", path: "/tmp", mode: 0o1777, ...ROOT });
  }
  for (const directory of recipe.directories ?? []) {
    entries.push({ kind: "directory", ...directory });
  }
  for (const file of recipe.files ?? []) {
    entries.push({ kind: "file", mode: 0o644, ...ROOT, ...file });
  }
  for (const [binary, path] of Object.entries(recipe.binaries ?? {})) {
    if (recipe.program === undefined) {
      throw new Error(`The image recipe of ${recipe.title} places the binary ${binary} and names no program.`);
    }
    entries.push({ kind: "program", path, program: recipe.program, binary });
  }
  for (const [path, target] of Object.entries(recipe.links ?? {})) {
    entries.push({ kind: "link", path, target });
  }
  if (recipe.archive) {
    entries.push({ kind: "archive", ...recipe.archive });
  }
  if (recipe.jars) {
    entries.push({ kind: "jars", ...recipe.jars });
  }
  for (const name of recipe.packages ?? []) {
    entries.push({ kind: "package", name });
  }
  const shared = { busybox: recipe.shell, certificates: recipe.certificates, timeZones: recipe.timeZones };
  for (const [kind, wanted] of Object.entries(shared)) {
    if (wanted) {
      entries.push({ kind: kind as keyof typeof shared });
    }
  }
  return withParents(entries);
}

/** The Dockerfile that turns the archive of a recipe's files into its image. */
export function dockerfile(recipe: ImageRecipe, archive: string, labels: Readonly<Record<string, string>>): string {
  const json = JSON.stringify;
  const lines = ["FROM scratch", `ADD ${archive} /`];
  for (const [name, value] of Object.entries(recipe.environment ?? {})) {
    lines.push(`ENV ${name}=${json(value)}`);
  }
  for (const command of recipe.build ?? []) {
    lines.push(`RUN ${command}`);
  }
  for (const port of recipe.ports ?? []) {
    lines.push(`EXPOSE ${port}`);
  }
  if (recipe.volumes) {
    lines.push(`VOLUME ${json(recipe.volumes)}`);
  }
  if (recipe.workingDirectory) {
    lines.push(`WORKDIR ${recipe.workingDirectory}`);
  }
  if (recipe.user) {
    lines.push(`USER ${recipe.user}`);
  }
  if (recipe.healthCheck) {
    const { interval, timeout, command } = recipe.healthCheck;
    lines.push(`HEALTHCHECK --interval=${interval} --timeout=${timeout} CMD ${json(command)}`);
  }
  for (const [name, value] of Object.entries(labels)) {
    lines.push(`LABEL ${json(name)}=${json(value)}`);
  }
  if (recipe.entrypoint) {
    lines.push(`ENTRYPOINT ${json(recipe.entrypoint)}`);
  }
  if (recipe.command) {
    lines.push(`CMD ${json(recipe.command)}`);
  }
  return `${lines.join("\n")}\n`;
}

function accountFiles(accounts: Readonly<Record<string, Account>>): Entry[] {
  const all: [string, Account][] = Object.entries({ root: ROOT, nobody: NOBODY, ...accounts });
  const users = all.map(([name, { uid, gid, home }]) => `${name}:x:${uid}:${gid}:${name}:${home ?? "/"}:/bin/false\n`);
  // An account in root's group (Grafana's) has no group of its own.
  const groups = all
    .filter(([name, { gid }]) => name === "root" || gid !== ROOT.gid)
    .map(([name, { gid }]) => `${name}:x:${gid}:\n`);
  return [
    { kind: "file", path: "/etc/passwd", mode: 0o644, content: users.join(""), ...ROOT },
    { kind: "file", path: "/etc/group", mode: 0o644, content: groups.join(""), ...ROOT },
  ];
}

function withParents(entries: readonly Entry[]): Entry[] {
  const explicit = new Set(entries.flatMap((entry) => (entry.kind === "directory" ? [entry.path] : [])));
  const directories = entries.filter((entry) => entry.kind === "directory");
  const implied = new Set<string>();
  for (const entry of entries) {
    for (const parent of "path" in entry ? parents(entry.path) : []) {
      if (!explicit.has(parent)) {
        implied.add(parent);
      }
    }
  }
  const all = [
    ...[...implied].map((path) => ({ kind: "directory" as const, path, mode: 0o755, ...ROOT })),
    ...directories,
  ];
  return [
    ...all.sort((left, right) => left.path.localeCompare(right.path)),
    ...entries.filter((entry) => entry.kind !== "directory"),
  ];
}

function parents(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}
