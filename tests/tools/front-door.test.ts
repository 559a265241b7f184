import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { authorityCertificate, programCertificate } from "../../components/certificates";
import { derivedHash } from "../../components/derived-secrets";
import { settingsFor, type Written } from "../support/settings";
import { Rendered } from "./support/rendered";
import { expectAccepted, expectRefused, useTool } from "./support/tool";

const NATIVE = path.join(__dirname, "../../configs/front-door/Caddyfile");
const DIRECTORY = "/etc/front-door";
const CONFIG = `${DIRECTORY}/Caddyfile`;
const DOOR = { frontDoor: { domain: "localhost" }, "otlpToken!": "a-token-of-the-tests" };

const VARIANTS: Readonly<Record<string, Written>> = {
  "loki on Docker": DOOR,
  "both on Docker": { ...DOOR, logging: "both" },
  "a cluster with an ingress": { ...DOOR, platform: "kubernetes", ingress: { domain: "localhost" } },
};

const caddy = useTool("caddy");
let state = "";
const check = (command: string, file: string) =>
  caddy([command, "--config", file, "--adapter", "caddyfile"], {
    env: { XDG_DATA_HOME: state, XDG_CONFIG_HOME: state },
  });
const validate = (file: string) => check("validate", file);

const rendered = new Map<string, Rendered>();
const filesOf = (name: string) => rendered.get(name) as Rendered;

beforeAll(async () => {
  state = await mkdtemp(path.join(tmpdir(), "front-door-"));
  const { certificate, key } = programCertificate("a root", "front-door", ["prometheus.localhost"]);
  const hash = await derivedHash("a root", "front-door", "correct horse battery");
  for (const [name, written] of Object.entries(VARIANTS)) {
    const files = await Rendered.write(settingsFor(written));
    await files.put(CONFIG, files.relocated(await files.read(CONFIG), DIRECTORY));
    await files.put(`${DIRECTORY}/secrets/users`, `operator ${hash}\n`);
    await files.put(`${DIRECTORY}/secrets/tls.crt`, certificate + authorityCertificate("a root"));
    await files.put(`${DIRECTORY}/secrets/tls.key`, key);
    rendered.set(name, files);
  }
});

afterAll(async () => {
  for (const files of rendered.values()) await files.remove();
  await rm(state, { recursive: true, force: true });
});

describe("the Caddyfile", () => {
  it("is valid as committed", async () => expectAccepted(await validate(NATIVE)));

  it.each(Object.keys(VARIANTS))("is valid with the sites of %s", async (name) => {
    expectAccepted(await validate(filesOf(name).at(CONFIG)));
  });

  it("is written as its vendor formats it, and so are the sites", async () => {
    const sites = ["sites/programs.caddy", "secrets/otlp.caddy"].map((file) =>
      filesOf("both on Docker").at(`${DIRECTORY}/${file}`),
    );
    for (const file of [NATIVE, ...sites]) {
      const { output } = await caddy(["fmt", "--diff", file]);
      expect([file, output.split("\n").filter((line) => /^[+-]/.test(line))]).toEqual([file, []]);
    }
  });

  it("opens no port for its administration and none below 1024", async () => {
    const { output } = await check("adapt", filesOf("loki on Docker").at(CONFIG));
    const { admin, apps } = JSON.parse(output.slice(output.indexOf('{"admin"'))) as {
      admin: object;
      apps: { http: { servers: Record<string, { listen: string[]; automatic_https: object }> } };
    };
    expect(admin).toEqual({ disabled: true, config: { persist: false } });
    const servers = Object.values(apps.http.servers);
    expect(servers.flatMap(({ listen }) => listen).sort()).toEqual([":2020", ":8443"]);
    for (const { automatic_https: automatic } of servers) expect(automatic).toEqual({ disable: true });
  });
});

describe("Caddy refuses", () => {
  it("a directive that does not exist", async () => {
    const file = await filesOf("loki on Docker").copy(CONFIG, (text) => text.replace("basic_auth", "basik_auth"));
    expectRefused(await validate(file), /unrecognized directive: basik_auth/);
  });

  it("a password that is no hash", async () => {
    const files = filesOf("both on Docker");
    const users = `${DIRECTORY}/secrets/users`;
    const good = await files.read(users);
    await files.put(users, "operator plain\n");
    const result = await validate(files.at(CONFIG));
    await files.put(users, good);
    expectRefused(result, /base64-decoding password|hash/);
  });
});
