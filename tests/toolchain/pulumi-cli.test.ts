import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { runCommand } from "../../toolchain/command";
import { goRecipes } from "../../toolchain/go/recipes";
import { ensurePulumi } from "../../toolchain/pulumi-cli";

/** Pulumi's engine from a place that looks like Pulumi's own downloads. */
describe.runIf(process.platform !== "win32")("Pulumi's engine", () => {
  const { version } = goRecipes["pulumi-cli"];
  const archive = `pulumi-v${version}-${process.platform}-${process.arch === "x64" ? "x64" : "arm64"}.tar.gz`;
  const before = process.env.PYAIRTABLE_MONITORING_CACHE;
  let folder: string;
  let content: Buffer;
  let sums: string;
  let server: Server;
  let releases: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "pulumi-cli-"));
    await mkdir(path.join(folder, "pulumi"));
    await writeFile(path.join(folder, "pulumi", "pulumi"), "#!/bin/sh\necho downloaded\n");
    await chmod(path.join(folder, "pulumi", "pulumi"), 0o755);
    await runCommand("tar", ["-czf", "made.tar.gz", "pulumi"], { cwd: folder });
    content = await readFile(path.join(folder, "made.tar.gz"));
    server = createServer((request, response) => {
      if (request.url?.endsWith("checksums.txt")) response.end(sums);
      else if (request.url?.endsWith(archive)) response.end(content);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    releases = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });

  afterEach(() => {
    if (before === undefined) delete process.env.PYAIRTABLE_MONITORING_CACHE;
    else process.env.PYAIRTABLE_MONITORING_CACHE = before;
  });

  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  /** With a cache of its own and nothing on PATH. */
  const ensure = (cache: string, onPath = "/nonexistent") => {
    process.env.PYAIRTABLE_MONITORING_CACHE = path.join(folder, cache);
    return ensurePulumi({ releases, env: { PATH: onPath } });
  };

  it("is downloaded where it is missing, and unpacked", async () => {
    sums = `${createHash("sha256").update(content).digest("hex")}  ${archive}\n`;
    const cli = await ensure("good");
    expect(cli).toMatchObject({ version, source: "downloaded", online: true });
    const { stdout } = await runCommand(path.join(cli.folder as string, "pulumi"), []);
    expect(stdout).toBe("downloaded");
  });

  it("is refused when its checksum is not the published one", async () => {
    sums = `${"0".repeat(64)}  ${archive}\n`;
    await expect(ensure("bad")).rejects.toThrow(`the checksum of ${archive} is not the published one`);
  });

  it("is the one on PATH when that is recent enough", async () => {
    const bin = path.join(folder, "bin");
    await mkdir(bin);
    await writeFile(path.join(bin, "pulumi"), "#!/bin/sh\necho v3.300.1\n", { mode: 0o755 });
    expect(await ensure("unused", `${bin}:/usr/bin:/bin`)).toMatchObject({
      version: "3.300.1",
      source: "PATH",
      folder: undefined,
    });
  });
});
