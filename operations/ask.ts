import { createInterface } from "node:readline/promises";

import { UsageError } from "./fail";

/**
 * Asks a person to type a word before something is lost.
 *
 * @throws UsageError when nobody can be asked, or the answer is another.
 */
export async function confirm(question: string, word: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageError("nobody is there to be asked; add --yes");
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question(`${question} Type ${word} to go on: `).finally(() => prompt.close());
  if (answer.trim() !== word) throw new UsageError("nothing was changed");
}
