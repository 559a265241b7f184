/**
 * Where the Docker engine is: the provider's `context`, its `host`, DOCKER_HOST, the Docker command's context, and last
 * the default socket.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface EngineAddress {
  /** As the user would write it, such as `unix:///var/run/docker.sock`. */
  readonly url: string;
  /** Folder with ca.pem, cert.pem and key.pem when the engine wants TLS. */
  readonly certificates?: string;
}

const DEFAULT = "unix:///var/run/docker.sock";

function configFolder(): string {
  return process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker");
}

function readJson(path: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  } catch {
    // No such file, or one that the Docker command itself could not read either: the same as none.
    return undefined;
  }
}

function contextAddress(name: string): EngineAddress | undefined {
  const id = createHash("sha256").update(name).digest("hex");
  const meta = readJson(join(configFolder(), "contexts", "meta", id, "meta.json"));
  const endpoints = meta?.["Endpoints"] as { docker?: { Host?: string } } | undefined;
  if (!endpoints?.docker?.Host) return undefined;
  const certificates = join(configFolder(), "contexts", "tls", id, "docker");
  return {
    url: endpoints.docker.Host,
    certificates: endpoints.docker.Host.startsWith("tcp") ? certificates : undefined,
  };
}

function namedContext(name: string): EngineAddress {
  const address = name === "default" ? { url: DEFAULT } : contextAddress(name);
  if (!address) throw new Error(`there is no Docker context '${name}'; 'docker context ls' lists them`);
  return address;
}

/**
 * Finds the engine's address.
 *
 * @param settings The provider's configuration: `context`, `host`, `certPath`.
 */
export function engineAddress(settings: Readonly<Record<string, string>>): EngineAddress {
  const certificates = settings["certPath"] ?? process.env["DOCKER_CERT_PATH"];
  const context = settings["context"] ?? process.env["DOCKER_CONTEXT"];
  if (settings["context"]) return namedContext(settings["context"]);
  const host = settings["host"] || process.env["DOCKER_HOST"];
  if (host) return { url: host, certificates };
  if (context) return namedContext(context);
  const current = readJson(join(configFolder(), "config.json"))?.["currentContext"];
  if (typeof current === "string" && current !== "") return namedContext(current);
  return { url: DEFAULT };
}
