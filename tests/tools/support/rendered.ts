import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { programsOf, workloadsOf } from "../../../components/programs";
import type { Settings } from "../../../components/settings/settings";
import { secretsFor } from "../../programs/support";
import { textOf } from "../../support/outputs";

/** The configuration files of a whole stack in a folder of their own, each at its path inside its container. */
export class Rendered {
  private constructor(readonly root: string) {}

  /** Writes the files of every program that the settings ask for. Call {@link remove} when done. */
  static async write(settings: Settings): Promise<Rendered> {
    const rendered = new Rendered(await mkdtemp(path.join(tmpdir(), "rendered-")));
    const programs = programsOf(settings, secretsFor(settings));
    for (const { files } of workloadsOf(programs)) {
      for (const entry of files?.entries ?? []) {
        const content = await textOf(pulumi.output(entry.content));
        await rendered.put(path.posix.join(files?.directory ?? "", entry.path), content.value);
      }
    }
    return rendered;
  }

  /** Where a path of a container lies on this machine. */
  at(inContainer: string): string {
    return path.join(this.root, inContainer);
  }

  /** Makes a directory that a container would get as a volume. */
  async directory(inContainer: string): Promise<string> {
    await mkdir(this.at(inContainer), { recursive: true });
    return this.at(inContainer);
  }

  async read(inContainer: string): Promise<string> {
    return readFile(this.at(inContainer), "utf8");
  }

  /** Writes a file beside the rendered ones, or in place of one, and gives its path on this machine. */
  async put(inContainer: string, content: string): Promise<string> {
    const file = this.at(inContainer);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  }

  /**
   * Puts a changed copy beside a rendered file.
   *
   * @param change gets the text, and must not give the same text back: then the test would prove nothing.
   */
  async copy(inContainer: string, change: (text: string) => string): Promise<string> {
    const text = await this.read(inContainer);
    const changed = change(text);
    if (changed === text) throw new Error(`Nothing to change was found in ${inContainer}: adapt the test to the file.`);
    const { dir, name, ext } = path.posix.parse(inContainer);
    return this.put(`${dir}/${name}.changed-${this.#copies++}${ext}`, changed);
  }

  /** Replaces paths that programs know from their container by the ones on this machine. */
  relocated(text: string, ...directories: readonly string[]): string {
    return directories.reduce((result, directory) => result.replaceAll(directory, this.at(directory)), text);
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  #copies = 0;
}
