import type { Output } from "@pulumi/pulumi";

import { images } from "../images";
import type { ConfigFile, Port, Workload } from "../platform/workload";
import type { FrontDoor, Settings } from "../settings/settings";
import { OTLP } from "./collector-config";
import { goHeap } from "./limits";
import { nativeText } from "./native-file";
import type { ProgramSecrets } from "./secrets";

const NAME = "front-door";
const DIRECTORY = "/etc/front-door";
const COLLECTOR = "otel-collector";
/** Host name for OTLP; no program has it. */
export const OTLP_HOST = "otlp";
const TLS_PORT = 8443;
/** Where a cluster's ingress, at which TLS ends, hands requests over. */
const INGRESS_PORT = 8080;
const INNER_PORT = 2020;
const MIB = 2 ** 20;
const FORGET_LOGIN = "header_up -Authorization";

/** A program that people reach through the front door. */
interface Site {
  readonly name: string;
  readonly port: number;
  /** Whether it asks for a login itself. */
  readonly login: boolean;
}

/**
 * Caddy: the only way in for people, with TLS and a login.
 *
 * @param workloads the stack's other programs: each with a port for operators gets a host name.
 */
export function frontDoor(
  settings: Settings,
  door: FrontDoor,
  secrets: ProgramSecrets,
  workloads: readonly Workload[],
): Workload {
  const sites = sitesOf(settings, workloads);
  const hosts = [...sites.map(({ name }) => name), ...(door.otlpToken ? [OTLP_HOST] : [])];
  const replicas = settings.replicas[NAME];
  return {
    name: NAME,
    image: images.caddy,
    args: ["caddy", "run", "--config", `${DIRECTORY}/Caddyfile`, "--adapter", "caddyfile"],
    env: goHeap(settings.resources[NAME]),
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "Caddyfile", content: nativeText("front-door/Caddyfile") },
        { path: "sites/programs.caddy", content: programSites(settings, door, sites) },
        { path: "secrets/users", content: userLine(door, secrets), secret: true },
        ...(door.otlpToken ? otlpFiles(settings, door, door.otlpToken) : []),
        ...(settings.kubernetes?.ingress ? [] : identityFiles(door, secrets, hosts)),
      ],
    },
    ports: [entrance(settings, door, hosts), { name: "inner", number: INNER_PORT, reach: { from: "peers" } }],
    metrics: { port: INNER_PORT, path: "/metrics" },
    scratch: [
      { path: "/config", size: 4 * MIB },
      { path: "/data", size: 4 * MIB },
    ],
    resources: settings.resources[NAME],
    health: { path: "/health", port: INNER_PORT, check: "wget", startupSeconds: 30 },
    placement: replicas > 1 ? { kind: "replicated", replicas, spread: settings.spread } : { kind: "single" },
    runsAs: { uid: 65_534, gid: 65_534 },
    privileges: [
      {
        kind: "capability",
        name: "NET_BIND_SERVICE",
        reason: "the kernel does not start the image's binary without it, and it is not used",
      },
    ],
    talksTo: [...sites.map(({ name }) => name), ...(door.otlpToken ? [COLLECTOR] : [])],
  };
}

/** The program with its ports for operators open to peers alone, which the front door is one of. */
export function behindFrontDoor(workload: Workload): Workload {
  const ports = workload.ports.map((port): Port => {
    return port.reach.from === "operator" ? { ...port, reach: { from: "peers" } } : port;
  });
  return { ...workload, ports };
}

/** Host names below the front door's domain; none where the stack has no front door. */
export function frontDoorHosts(workloads: readonly Workload[]): readonly string[] {
  const ports = workloads.find(({ name }) => name === NAME)?.ports ?? [];
  return ports.flatMap(({ reach }) => (reach.from === "operator" ? (reach.hosts ?? []) : []));
}

/**
 * What clients know the front door by: the certificate of the stack's authority, or the one that was given with those between it and
 * its own, which need not be a public one. None where an ingress shows its own.
 */
export function frontDoorAuthority(
  { kubernetes }: Settings,
  door: FrontDoor,
  secrets: ProgramSecrets,
): Output<string> | null {
  if (kubernetes?.ingress) return null;
  return door.identity?.certificate ?? frontDoorIdentity(door, secrets, []).authority;
}

/** On a cluster a program with a copy on every node has no name that leads to one of them. */
function sitesOf({ kubernetes }: Settings, workloads: readonly Workload[]): Site[] {
  return workloads
    .filter(({ placement }) => kubernetes === undefined || placement.kind !== "every-node")
    .flatMap(({ name, ports }) =>
      ports.flatMap(({ number, reach }) =>
        reach.from === "operator" ? [{ name, port: number, login: reach.login ?? false }] : [],
      ),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function entrance({ kubernetes }: Settings, { port }: FrontDoor, hosts: readonly string[]): Port {
  const reach = { from: "operator", published: port, login: true, hosts } as const;
  return kubernetes?.ingress
    ? { name: "http", number: INGRESS_PORT, reach }
    : { name: "https", number: TLS_PORT, reach };
}

/** A site for each program, and one that answers for every other name. */
function programSites(settings: Settings, door: FrontDoor, sites: readonly Site[]): string {
  return [
    ...sites.map(({ name, port, login }) =>
      site(settings, siteAddress(settings, door, name), [
        ...(login ? [] : ["import login"]),
        // A program without a login has no use for the password.
        ...proxy(settings, `${name}:${port}`, login ? [] : [FORGET_LOGIN]),
      ]),
    ),
    site(settings, listener(settings), ["respond 404"]),
  ].join("\n");
}

/** OTLP over HTTP and gRPC, with the token. All of it is secret, since the token stands in the middle. */
function otlpFiles(settings: Settings, door: FrontDoor, token: Output<string>): ConfigFile[] {
  const content = token.apply((text) =>
    site(settings, siteAddress(settings, door, OTLP_HOST), [
      `@stranger not header Authorization "Bearer ${text}"`,
      "handle @stranger {",
      "\trespond 401",
      "}",
      ...posted("http", "/v1/traces /v1/metrics /v1/logs", proxy(settings, `${COLLECTOR}:${OTLP.http.number}`)),
      ...posted("grpc", "/opentelemetry.proto.collector.*", proxy(settings, `h2c://${COLLECTOR}:${OTLP.grpc.number}`)),
      "handle {",
      "\trespond 404",
      "}",
    ]),
  );
  return [
    { path: "sites/otlp.caddy", content: "import ../secrets/otlp.caddy\n" },
    { path: "secrets/otlp.caddy", content, secret: true },
  ];
}

function posted(name: string, paths: string, directives: readonly string[]): string[] {
  return [
    `@${name} {`,
    "\tmethod POST",
    `\tpath ${paths}`,
    "}",
    `handle @${name} {`,
    ...directives.map((line) => `\t${line}`),
    "}",
  ];
}

/** Behind an ingress, that one says who asked, and that it was by TLS. */
function proxy({ kubernetes }: Settings, upstream: string, more: readonly string[] = [FORGET_LOGIN]): string[] {
  const options = [...more, ...(kubernetes?.ingress ? ["trusted_proxies private_ranges"] : [])];
  if (options.length === 0) return [`reverse_proxy ${upstream}`];
  return [`reverse_proxy ${upstream} {`, ...options.map((option) => `\t${option}`), "}"];
}

function site({ kubernetes }: Settings, address: string, directives: readonly string[]): string {
  const lines = ["import entrance", ...(kubernetes?.ingress ? [] : ["import certificate"]), ...directives];
  return `${address} {\n${lines.map((line) => `\t${line}\n`).join("")}}\n`;
}

function siteAddress(settings: Settings, { domain }: FrontDoor, host: string): string {
  return listener(settings, `${host}.${domain}`);
}

function listener({ kubernetes }: Settings, host = ""): string {
  return kubernetes?.ingress ? `http://${host}:${INGRESS_PORT}` : `https://${host}:${TLS_PORT}`;
}

function userLine({ user }: FrontDoor, secrets: ProgramSecrets): Output<string> {
  return secrets.passwordHash(NAME, secrets.frontDoorPassword).apply((hash) => `${user} ${hash}\n`);
}

/** Each host is named: clients refuse a wildcard directly below a domain of one part, such as localhost. */
function identityFiles(door: FrontDoor, secrets: ProgramSecrets, hosts: readonly string[]): ConfigFile[] {
  const { certificate, key } = door.identity ?? frontDoorIdentity(door, secrets, hosts);
  return [
    { path: "secrets/tls.crt", content: certificate, secret: true },
    { path: "secrets/tls.key", content: key, secret: true },
  ];
}

function frontDoorIdentity({ domain }: FrontDoor, secrets: ProgramSecrets, hosts: readonly string[]) {
  return secrets.tlsIdentity(NAME, [domain, ...hosts.map((host) => `${host}.${domain}`)]);
}
