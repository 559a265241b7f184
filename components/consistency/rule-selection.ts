import type { TextFile } from "./text-file";

/**
 * The rule files that a stack loads: all, except those named `stack-<program>.yaml` of programs that it does not have.
 *
 * @param files names of the files in `configs/prometheus/rules`.
 * @param programs names of the stack's programs, `kubelet` where those are scraped, and `kafka` where collectors use it.
 */
export function ruleFilesFor(files: readonly string[], programs: readonly string[]): string[] {
  return files.filter((file) => {
    const program = /^stack-(.+)\.ya?ml$/.exec(file)?.[1];
    return program === undefined || programs.includes(program);
  });
}

/** Whether a rule file holds more than comments and an empty list of groups, which is what the committed one for users holds. */
export function holdsRules({ text }: TextFile): boolean {
  return !/^(groups: *(\[\] *)?)?$/.test(text.replace(/^\s*(#.*)?\n?/gm, "").trim());
}
