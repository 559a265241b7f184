import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";

const DOCS = path.join(__dirname, "../../../docs");

/** The blocks of a page's text for a shell, without the indentation of the list that they stand in. */
export function shellBlocks(text: string): string[] {
  return [...text.matchAll(/^( *)```(?:sh|bash)\n([\s\S]*?)^ *```$/gm)].map(([, indent = "", code = ""]) =>
    code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  );
}

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
    const command = shellBlocks(this.#text)
      .join("")
      .split("\n")
      .find((line) => line.startsWith(`${beginning} `));
    if (command === undefined) throw new Error(`docs/${this.name} has no command that begins with "${beginning}".`);
    return command.split(" ").slice(1);
  }

  /** Writes files of the guide into a folder, which must be there. */
  async write(folder: string, ...files: readonly string[]): Promise<void> {
    for (const file of files) await writeFile(path.join(folder, path.basename(file)), this.code(file));
  }
}
