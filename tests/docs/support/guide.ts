import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";

const DOCS = path.join(__dirname, "../../../docs");

/** A guide, of which each block of code that names its file can be written down. */
export class Guide {
  readonly #text: string;
  readonly #blocks: ReadonlyMap<string, string>;

  constructor(private readonly name: string) {
    this.#text = readFileSync(path.join(DOCS, name), "utf8");
    const found = this.#text.matchAll(/^`([\w./-]+)`[^\n]*:\n\n```\w+\n([\s\S]*?)^```$/gm);
    this.#blocks = new Map([...found].map(([, file = "", code = ""]) => [file, code]));
  }

  /** The code of a file. */
  code(file: string): string {
    const code = this.#blocks.get(file);
    if (code === undefined) throw new Error(`docs/${this.name} has no block of code that is named \`${file}\`.`);
    return code;
  }

  /** The arguments of a command in one of the guide's blocks for a shell, by the text that it begins with. */
  commandArguments(beginning: string): string[] {
    const shell = [...this.#text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block).join("");
    const command = shell.split("\n").find((line) => line.startsWith(`${beginning} `));
    if (command === undefined) throw new Error(`docs/${this.name} has no command that begins with "${beginning}".`);
    return command.split(" ").slice(1);
  }

  /** Writes files of the guide into a folder, which must be there. */
  async write(folder: string, ...files: readonly string[]): Promise<void> {
    for (const file of files) await writeFile(path.join(folder, path.basename(file)), this.code(file));
  }
}
