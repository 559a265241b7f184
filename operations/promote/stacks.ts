import { suggestion } from "../../components/settings/problems";
import { UsageError } from "../fail";
import { prepareTools, prepareWorkspace } from "../prepare";
import { StackRun } from "../pulumi-run";
import { report, stacksOf } from "../session";
import { PROJECT_ROOT } from "../workspace";
import { promotion } from "./promote";
import { Repository } from "./repository";

/**
 * `monitoring promote`: shows what the target would get with the current commit.
 *
 * @returns whether the commit may be promoted.
 * @throws UsageError when both are the same, when there is no such stack, or the project is in no Git repository.
 */
export async function promote(from: string, to: string, json: boolean): Promise<boolean> {
  if (from === to) throw new UsageError(`the stack "${from}" can not be promoted to itself: give another in --to`);
  const repository = await Repository.open(PROJECT_ROOT);
  const known = await stacksOf(await prepareWorkspace(report));
  for (const stack of [from, to]) {
    if (known.includes(stack)) continue;
    throw new UsageError(
      `there is no stack "${stack}". ${known.length > 0 ? suggestion(stack, known) : "There is none yet."}`,
    );
  }
  const tools = await prepareTools(report, ["docker", "kubernetes", "random"]);
  try {
    const [source, target] = [await StackRun.open(tools.workspace, from), await StackRun.open(tools.workspace, to)];
    return await promotion({ source, target, repository, json, print: (text) => console.log(text) });
  } finally {
    tools.stop();
  }
}
