import { describe, expect, it } from "vitest";

import { command } from "../../operations/command-line";
import { withoutFrames } from "../../operations/platform/docker-helper";
import { share, size } from "../../operations/table";
import { completion } from "../../operations/verbs/completion";
import { runCommand } from "../../toolchain/command";

describe("sizes", () => {
  it.each([
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_536, "1.5 KiB"],
    [512 * 2 ** 20, "512 MiB"],
    [1.25 * 2 ** 40, "1.3 TiB"],
    [5_000 * 2 ** 40, "5000 TiB"],
  ])("%d is %s", (bytes, text) => expect(size(bytes)).toBe(text));

  it("are shares of a limit, where there is one", () => {
    expect([share(1, 4), share(1, 0)]).toEqual(["25 %", ""]);
  });
});

describe("the engine's framed output", () => {
  const frame = (stream: number, text: string) => {
    const head = Buffer.alloc(8);
    head.writeUInt8(stream, 0);
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };

  it("is joined in the order of arrival", () => {
    expect(withoutFrames(Buffer.concat([frame(1, "é one\n"), frame(2, "two\n")]))).toBe("é one\ntwo\n");
    expect(withoutFrames(Buffer.alloc(0))).toBe("");
  });
});

describe("completion", () => {
  const complete = async (words: string) => {
    const script = `${completion("bash", command())}
COMP_WORDS=(monitoring ${words}); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); _monitoring; echo "\${COMPREPLY[@]}"`;
    return (await runCommand("bash", ["-c", script])).stdout;
  };

  it("offers verbs, a verb's choices and its options", async () => {
    expect(await complete("ve")).toBe("verify");
    expect(await complete("restore --f")).toBe("--from-other-stack");
    expect(await complete("deploy lo")).toBe("loki");
    expect(await complete("completion z")).toBe("zsh");
  });

  it("knows every verb in every shell", () => {
    const program = command();
    for (const { name } of program.commands.map((verb) => ({ name: verb.name() })))
      for (const shell of ["bash", "zsh", "fish"] as const) expect(completion(shell, program)).toContain(name);
  });
});
