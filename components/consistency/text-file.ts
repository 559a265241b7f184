export interface TextFile {
  /** Path as a person knows it, from the project's folder. */
  readonly file: string;
  readonly text: string;
}

/** The line of an offset in a text, counted from 1. */
export function lineOf(text: string, index: number): number {
  return text.slice(0, Math.max(index, 0)).split("\n").length;
}
