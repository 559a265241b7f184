import type { Outcome, Post } from "./client";

/** A shell script that sends requests one after the other, each with what came of it on a line that begins with its number. */
export function postScript(posts: readonly Post[]): string {
  const lines = posts.map(({ url, body }, index) => {
    const text = JSON.stringify(body).replaceAll("'", `'"'"'`);
    const request = `timeout 5 wget -q -O /dev/null --header 'Content-Type: application/json' --post-data '${text}' '${url}'`;
    return `echo "@${index} $(${request} 2>&1 && echo ok)"`;
  });
  return lines.join("\n");
}

/** What came of each request, from what the script wrote. */
export function postOutcomes(posts: readonly Post[], output: string): Outcome[] {
  const answers = output.split(/^@\d+ /m).slice(1);
  return posts.map((_, index) => {
    const answer = answers[index]?.trim() ?? output.trim();
    return { succeeded: answer === "ok", output: answer };
  });
}
