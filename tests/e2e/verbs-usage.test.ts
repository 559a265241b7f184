import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { leftoversOf } from "./support/test-stack";
import { Checkout, type Ended, type Verified } from "./support/verbs";

const NOBODY = 65_534;

/** What the verbs say where there is no stack, and when they are used wrongly. */
describe("npx monitoring, before there is a stack", () => {
  let checkout: Checkout;
  let folder: string;

  beforeAll(async () => {
    checkout = await Checkout.create(inject("workspace").folder as string);
    folder = await mkdtemp(path.join(tmpdir(), `${checkout.stack}-`));
  });
  afterAll(async () => {
    await checkout.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it("answers a wrong use with one line and exit code 2, and makes nothing", async () => {
    const uses: [string[], RegExp][] = [
      [["deplyo"], /^error: unknown command 'deplyo' \(Did you mean deploy\?\)$/],
      [["verify", "--jsn"], /^error: unknown option '--jsn' \(Did you mean --json\?\)$/],
      [["deploy", "lokii"], /^error: .*'lokii' is invalid.*loki/],
      [["urls", "--stack", "nowhere"], /^error: there is no stack "nowhere"\..*deploy/],
      [["stop", "--stack", "nowhere"], /^error: there is no stack "nowhere"\./],
      [
        ["deploy", "--stack", "nowhere"],
        /^error: there is no configuration for the stack "nowhere": expected the file/,
      ],
      [["restore", "/nonexistent/backup"], /^error: \/nonexistent\/backup is no backup: it has no manifest\.json$/],
      [["dashboards", "puls"], /^error: .*'puls' is invalid.*list, apply, pull/],
      [[], /^error: name a verb: urls, .*deploy/],
      [["help", "foo"], /^error: there is no verb "foo"; take one of urls, .*deploy/],
      [["backup", "--without", "kibana"], /^error: .*'kibana' is invalid.*elasticsearch/],
      [["logs", "--tail", "many"], /^error: --tail takes a number of lines, not "many"$/],
      [["verify", "--wait", "long"], /^error: --wait takes minutes, such as 15, not "long"$/],
      [["promote", "--from", "dev", "--to", "dev"], /^error: the stack "dev" can not be promoted to itself: /],
      [["promote"], /^error: \S+ has no commit, and a promotion is about one: run this in a clone of the project$/],
      [["restore"], /^error: missing required argument 'folder'$/],
    ];
    const ended = await Promise.all(uses.map(([args]) => checkout.exact(args)));
    for (const [index, [args, message]] of uses.entries()) {
      const { code, stdout, stderr } = ended[index] as Ended;
      const said = stderr.split("\n").filter((line) => line.startsWith("error:"));
      expect({ args, code, stdout, lines: said.length }).toEqual({ args, code: 2, stdout: "", lines: 1 });
      expect(said[0]).toMatch(message);
    }
    expect(await leftoversOf(checkout.stack)).toEqual({ containers: [], networks: [], volumes: [] });
  });

  it.skipIf(process.getuid?.() !== 0)("says so when the user may not use the engine", async () => {
    const state = path.join(folder, "state-of-nobody");
    const { code, stderr } = await checkout.exact(["deploy"], {
      uid: NOBODY,
      gid: NOBODY,
      env: { PYAIRTABLE_MONITORING_STATE: state, HOME: folder, DOCKER_HOST: "" },
    });
    expect(stderr.trim()).toBe(
      "error: no right to use the Docker engine; run this as a user of the group docker, or as root",
    );
    expect({ code, made: existsSync(state) }).toEqual({ code: 2, made: false });
  });

  it("completes verbs in each shell, and explains them", async () => {
    const [bash, zsh, fish, help] = await Promise.all([
      checkout.exact(["completion", "bash"]),
      checkout.exact(["completion", "zsh"]),
      checkout.exact(["completion", "fish"]),
      checkout.exact(["--help"]),
    ]);
    expect([bash, zsh, fish, help].map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(bash.stdout).toContain("complete -o default -F _monitoring monitoring");
    expect(zsh.stdout).toContain("bashcompinit");
    expect(fish.stdout).toContain("-a restore");
    for (const verb of ["deploy", "verify", "backup", "doctor"]) expect(help.stdout).toContain(verb);
  });

  it("looks at the machine", async () => {
    const { stdout } = await checkout.run("doctor", "--json");
    const { checks } = JSON.parse(stdout) as Verified;
    const names = checks.map(({ check }) => check);
    expect(names).toEqual(
      expect.arrayContaining(["node", "engine", "cgroup", "storage driver", "memory", "ports", "disk"]),
    );
  });
});
