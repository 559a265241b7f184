import type { Outcome, Post } from "./client";

/**
 * A shell script that sends requests one after the other, each with what came of it on a line that begins with its number.
 *
 * @param attempts to connect, a second apart: a network may need a moment until it lets in what has just begun. Default: 1.
 */
export function postScript(posts: readonly Post[], attempts = 1): string {
  const lines = posts.map(({ url, body }, index) => {
    const text = JSON.stringify(body).replaceAll("'", `'"'"'`);
    const request = `timeout 5 wget -q -O /dev/null --header 'Content-Type: application/json' --post-data '${text}' '${url}'`;
    return [
      `left=${attempts}`,
      `until said=$(${request} 2>&1 && echo ok); do`,
      `  left=$((left - 1)); case "$left $said" in 0*) break ;; *connect*|*address*) sleep 1 ;; *) break ;; esac`,
      "done",
      `echo "@${index} $said"`,
    ].join("\n");
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
