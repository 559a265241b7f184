/** The commands of the guides, run by a shell as they are written, with the real `pulumi` and the real verbs. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { dump, load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { programCertificate } from "../../components/certificates";
import { parseSettings } from "../../components/settings/parse";
import { PROJECT, PROJECT_ROOT } from "../../operations/workspace";
import { runCommand } from "../../toolchain/command";
import { shellBlocks } from "../docs/support/guide";
import { copyCheckout } from "../support/checkout";
import { freePorts } from "../../toolchain/free-ports";
import { removeLeftovers, uniqueName } from "./support/test-stack";

const read = (page: string) => readFile(path.join(PROJECT_ROOT, "docs", page), "utf8");

/** What the reader has before the page's commands, and what stands for the words in angle brackets. */
interface Page {
  readonly before?: Record<string, unknown>;
  readonly secrets?: Record<string, string>;
  /** Which stack the commands are about. */
  readonly stack?: "dev" | "prod";
  /** What is typed where a command asks. */
  readonly typed?: string;
  /** Files that the page has the reader write, by what they begin with. */
  readonly files?: readonly string[];
  readonly onCluster?: true;
}

const CLUSTER = { platform: "kubernetes", logging: "elk", replicas: { elasticsearch: 3 } } as const;
const PAGES: Readonly<Record<string, Page>> = {
  "alerts.md": { files: ["alerts/imports.yaml"] },
  "backup.md": { before: CLUSTER, onCluster: true },
  "configuration.md": { typed: "https://hooks.slack.com/services/T/B/x", before: { slackChannel: "#alerts" } },
  "kubernetes.md": { stack: "prod", before: { grafanaDatabase: { address: "postgres:5432" } }, onCluster: true },
  "logging.md": {},
  "scaling.md": {},
  "security.md": {
    before: { grafanaDatabase: { address: "postgres:5432", sslMode: "verify-full" } },
    secrets: { grafanaDatabasePassword: "a-password" },
  },
  "troubleshooting.md": { before: { logging: "elk" } },
};
const FILLED: Readonly<Record<string, string>> = { "<class>": "standard", "<key-id>": "AKIAEXAMPLE" };
const PREVIEW = "pulumi preview --non-interactive";
const OF_SETTINGS = /^pulumi (config (set|rm)|up\b)/;

describe.each(Object.entries(PAGES))("the settings of docs/%s", (page, { stack = "dev", ...given }) => {
  let folder: string;
  let env: Record<string, string>;

  const shell = async (script: string) => {
    const { succeeded, output, stdout } = await runCommand("bash", ["-e", "-o", "pipefail", "-c", script], {
      cwd: path.join(folder, "checkout"),
      env,
    });
    expect(succeeded, `${script}\n${output}`).toBe(true);
    return stdout;
  };

  // As a reader has it: a state of one's own, and a stack that is selected.
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), `${uniqueName()}-`));
    env = {
      ...inject("workspace").env,
      PULUMI_HOME: path.join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${path.join(folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "a passphrase",
    };
    await mkdir(path.join(folder, "state"));
    const checkout = path.join(folder, "checkout");
    await copyCheckout(checkout, ["configs", "docs/runbooks", `Pulumi.${stack}.yaml`]);
    const file = path.join(checkout, `Pulumi.${stack}.yaml`);
    const { config } = load(await readFile(file, "utf8")) as { config: object };
    const before = Object.entries(given.before ?? {}).map(([key, value]) => [`${PROJECT}:${key}`, value] as const);
    await writeFile(file, dump({ config: { ...config, ...Object.fromEntries(before) } }));
    const { certificate, key } = programCertificate("a root", "front door", ["grafana.localhost"]);
    for (const [name, pem] of Object.entries({
      "fullchain.pem": certificate,
      "privkey.pem": key,
      "ca.pem": certificate,
    }))
      await writeFile(path.join(checkout, name), pem);
    for (const name of given.files ?? []) {
      const [, content = ""] =
        new RegExp(`^\`\`\`yaml\\n(# ${name}\\n[\\s\\S]*?)^\`\`\`$`, "m").exec(await read(page)) ?? [];
      await mkdir(path.join(checkout, path.dirname(name)), { recursive: true });
      await writeFile(path.join(checkout, name), content);
    }
    await shell(`pulumi stack init ${stack}`);
    for (const [name, value] of Object.entries(given.secrets ?? {}))
      await shell(`pulumi config set --secret ${name} ${value}`);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("are taken as they are written, and fit together", async () => {
    const blocks = shellBlocks(await read(page))
      .map((block) =>
        block
          .split("\n")
          .filter((line) => OF_SETTINGS.test(line))
          .join("\n"),
      )
      .filter((block) => block.includes("config set"))
      .map((block) => block.replaceAll(/<[\w -]+>/g, (word) => FILLED[word] ?? "a-long-word-in-its-place"));
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) {
      const script = block.replaceAll(/^pulumi up$/gm, given.onCluster ? ":" : PREVIEW);
      await shell(given.typed === undefined ? script : `{\n${script}\n} <<< '${given.typed}'`);
    }
    if (given.onCluster) expect(await settings()).toMatchObject({ kubernetes: {} });
    else expect(await shell(PREVIEW)).toContain("to create");
  });

  /** What the program makes of the stack's file, where a preview would want a cluster. */
  async function settings() {
    type Config = Record<string, { value: string; secret: boolean }>;
    const config = JSON.parse(await shell("pulumi config --json --show-secrets")) as Config;
    const keys = Object.entries(config).map(([key, entry]) => [key.replace(`${PROJECT}:`, ""), entry] as const);
    return parseSettings({
      project: PROJECT,
      stack,
      values: Object.fromEntries(keys.map(([key, { value }]) => [key, value])),
      secretKeys: new Set(keys.filter(([, { secret }]) => secret).map(([key]) => key)),
    });
  }
});

it("no guide sets anything that is not in the list of those that are tried", async () => {
  const setting = /^ *pulumi config set/m;
  const pages = (await readdir(path.join(PROJECT_ROOT, "docs"))).filter((name) => name.endsWith(".md"));
  const setters = await Promise.all(
    pages.map(async (page) => (shellBlocks(await read(page)).some((block) => setting.test(block)) ? [page] : [])),
  );
  expect(setters.flat().sort()).toEqual(Object.keys(PAGES).sort());
});

describe("the drill of docs/backup.md", () => {
  const stack = uniqueName();
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), `${stack}-`));
    await copyCheckout(path.join(folder, "checkout"), ["configs", "docs/runbooks"]);
  });

  afterAll(async () => {
    await removeLeftovers(stack);
    await rm(folder, { recursive: true, force: true });
  });

  it("goes through as it is written, and leaves nothing", { timeout: 900_000 }, async () => {
    const drill = shellBlocks(await read("backup.md")).find((block) => block.includes("--stack drill")) as string;
    const ports = [...drill.matchAll(/: (\d{5})\b/g)].map(([, port = ""]) => port);
    expect(ports.length).toBeGreaterThan(5);
    const free = await freePorts(...ports);
    const script = drill
      .replaceAll(/(?<=: )\d{5}\b/g, (port) => String(free[port]))
      .replaceAll(/\bdrill\b/g, stack)
      .replaceAll("/srv/backups", path.join(folder, "backups"))
      // A name of its own for what the engine holds, as the stack's file has it.
      .replace("config:\n", `config:\n  ${PROJECT}:name: ${stack}\n`);
    await mkdir(path.join(folder, "backups"));
    const env = { PYAIRTABLE_MONITORING_STATE: inject("workspace").folder as string };
    const { succeeded, output } = await runCommand("bash", ["-e", "-c", script], {
      cwd: path.join(folder, "checkout"),
      env,
    });
    expect(succeeded, output).toBe(true);
    expect(await readdir(path.join(folder, "backups"))).toEqual([]);
  });
});
