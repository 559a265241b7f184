import { createHash } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type Docker from "dockerode";
import { build } from "esbuild";

import { withLock, type Report } from "../../toolchain/cache";
import { runCommand } from "../../toolchain/command";
import { ensureDebianPackage } from "../../toolchain/debian";
import { probeRegistry, pull } from "../../toolchain/images/registry";
import { packageBehind, unpackWithLibraries } from "./debian-closure";

/** Images of the simulated platform, by what runs in them. */
export interface DemoImages {
  readonly service: string;
  readonly redis: string;
  readonly postgres: string;
}

/** The vendors' images. Where their registry is out of reach, images with the same interface are composed. */
const VENDORS = { node: "node:20-slim", redis: "redis:7.4", postgres: "postgres:16" } as const;

const REPOSITORY = "pyairtable-monitoring-demo";
const OWNER = 999;

/** Changes with how the images below are composed. */
const RECIPES = "1";

/** Sees to it that the engine has the demo's images. */
export async function ensureDemoImages(docker: Docker, report: Report): Promise<DemoImages> {
  return withLock("demo-images", async () => {
    const online = (await probeRegistry(docker, VENDORS.redis)).reachable;
    const program = await bundle();
    if (online) {
      for (const image of Object.values(VENDORS))
        if (!(await exists(docker, image))) {
          report(`pulling ${image}`);
          await pull(docker, image);
        }
      return { ...VENDORS, service: await serviceImage(docker, program, `FROM ${VENDORS.node}`, report) };
    }
    if (process.platform !== "linux")
      throw new Error(`the registry of ${VENDORS.redis} can not be reached; only a Linux machine can do without it`);
    return {
      redis: await redisImage(docker, report),
      postgres: await postgresImage(docker, report),
      service: await serviceImage(docker, program, "FROM scratch", report),
    };
  });
}

/** The program of all roles in one file. */
async function bundle(): Promise<string> {
  const result = await build({
    entryPoints: [path.join(__dirname, "../program/main.ts")],
    bundle: true,
    write: false,
    minify: true,
    platform: "node",
    target: "node20",
    external: ["pg-native"],
    logLevel: "error",
  });
  return (result.outputFiles[0] as { text: string }).text;
}

async function serviceImage(docker: Docker, program: string, from: string, report: Report): Promise<string> {
  const key = createHash("sha256").update(`${from} ${process.version} ${program}`).digest("hex").slice(0, 12);
  return compose(docker, `${REPOSITORY}:${key}`, report, async (root) => {
    await writeFile(path.join(root, "demo.js"), program);
    if (from === "FROM scratch") await addNode(root);
    return [from, "COPY rootfs /", `USER ${OWNER}:${OWNER}`, 'ENTRYPOINT ["/usr/local/bin/node", "/demo.js"]'];
  });
}

/** This machine's node with the libraries that it is linked to. */
async function addNode(root: string): Promise<void> {
  const { stdout, succeeded, output } = await runCommand("ldd", [process.execPath]);
  if (!succeeded) throw new Error(`ldd can not tell which libraries ${process.execPath} needs: ${output.trim()}`);
  const libraries = [...stdout.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map(([, file]) => file as string);
  for (const file of libraries) await cp(file, path.join(root, file), { dereference: true });
  await cp(process.execPath, path.join(root, "usr/local/bin/node"), { dereference: true });
}

async function redisImage(docker: Docker, report: Report): Promise<string> {
  return compose(docker, `${REPOSITORY}-redis:${RECIPES}`, report, async (root) => {
    await addPackages(root, ["redis-server", "redis-tools"], report);
    return ["FROM scratch", "COPY rootfs /", "ENV PATH=/usr/bin:/bin", `USER ${OWNER}:${OWNER}`];
  });
}

// The vendor's image makes its database at the first start too.
const POSTGRES_ENTRYPOINT = `#!/bin/sh
set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --pgdata="$PGDATA" --username=postgres --auth=trust --no-locale --encoding=UTF8 >/dev/null
  echo "host all all all trust" >> "$PGDATA/pg_hba.conf"
fi
exec "$@" -c "listen_addresses=*" -c unix_socket_directories=
`;

async function postgresImage(docker: Docker, report: Report): Promise<string> {
  const server = await packageBehind("postgresql");
  const release = server.replace("postgresql-", "");
  return compose(docker, `${REPOSITORY}-postgres:${release}-${RECIPES}`, report, async (root) => {
    await addPackages(root, [server, `postgresql-client-${release}`, "tzdata"], report);
    const entrypoint = path.join(root, "entrypoint.sh");
    await writeFile(entrypoint, POSTGRES_ENTRYPOINT);
    await chmod(entrypoint, 0o755);
    return [
      "FROM scratch",
      "COPY rootfs /",
      `ENV PATH=/usr/lib/postgresql/${release}/bin:/usr/bin:/bin`,
      `USER ${OWNER}:${OWNER}`,
      'ENTRYPOINT ["/entrypoint.sh"]',
    ];
  });
}

/** Debian packages over each other, with a shell and an account. */
async function addPackages(root: string, packages: readonly string[], report: Report): Promise<void> {
  for (const unpacked of await unpackWithLibraries(packages, report))
    for (const part of ["bin", "lib", "lib64", "usr/bin", "usr/lib", "usr/share/postgresql", "usr/share/zoneinfo"])
      await cp(path.join(unpacked, part), path.join(root, part), { recursive: true, verbatimSymlinks: true }).catch(
        ignoreMissing,
      );
  const shell = await ensureDebianPackage("busybox-static", report);
  await cp(path.join(shell.root, "bin/busybox"), path.join(root, "bin/busybox"));
  await symlink("busybox", path.join(root, "bin/sh"));
  await mkdir(path.join(root, "etc"), { recursive: true });
  await writeFile(path.join(root, "etc/passwd"), `demo:x:${OWNER}:${OWNER}:demo:/:/bin/sh\n`);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

/** Builds an image that is not there yet from a root file system and the Dockerfile's lines. */
async function compose(
  docker: Docker,
  reference: string,
  report: Report,
  fill: (root: string) => Promise<readonly string[]>,
): Promise<string> {
  if (await exists(docker, reference)) return reference;
  report(`composing ${reference}`);
  const folder = await mkdtemp(path.join(tmpdir(), "pyairtable-demo-image-"));
  try {
    const root = path.join(folder, "rootfs");
    await mkdir(path.join(root, "bin"), { recursive: true });
    await writeFile(path.join(folder, "Dockerfile"), `${(await fill(root)).join("\n")}\n`);
    const stream = await docker.buildImage({ context: folder, src: ["Dockerfile", "rootfs"] }, { t: reference });
    await new Promise<void>((resolve, reject) =>
      docker.modem.followProgress(stream, (error, events: { error?: string }[]) => {
        const problem = error?.message ?? events.find((event) => event.error)?.error;
        if (problem === undefined) resolve();
        else reject(new Error(`the engine could not build ${reference}: ${problem}`));
      }),
    );
    return reference;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function exists(docker: Docker, reference: string): Promise<boolean> {
  return docker
    .getImage(reference)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}
