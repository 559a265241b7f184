import { describe, expect, it } from "vitest";

import { programCertificate } from "../../components/certificates";
import { images } from "../../components/images";
import type { Workload } from "../../components/platform/workload";
import { workloadsOf } from "../../components/programs";
import type { Written } from "../support/settings";
import { factsOf, pathsOf, programsFor, secretFilesOf, textOfFile } from "./support";

const PROXIED = ["alertmanager", "cadvisor", "grafana", "jaeger", "loki", "node-exporter", "prometheus"];
const INGRESS = { platform: "kubernetes", ingress: { domain: "watch.example.org" } };

function frontDoorFor(written: Written): Workload {
  const { entrance } = programsFor({ frontDoor: { domain: "localhost" }, ...written });
  if (entrance === undefined) throw new Error("these settings have no front door");
  return entrance.frontDoor;
}

/** Text of the block of a site, by the beginning of its host name. */
function siteOf(workload: Workload, host: string): string {
  const text = textOfFile(workload, "sites/programs.caddy");
  const found = text.split(/^}\n/m).find((block) => new RegExp(`^\\s*https?://${host}[.:]`).test(block));
  if (found === undefined) throw new Error(`no site ${host} in:\n${text}`);
  return found;
}

describe("the front door", () => {
  const door = frontDoorFor({ frontDoor: { domain: "localhost", port: 9443 } });

  it("is no part of a stack that does not ask for it", () => {
    expect(programsFor()).not.toHaveProperty("entrance");
  });

  it("is placed as its image and its callers need it", () => {
    expect(door.image).toBe(images.caddy);
    expect(factsOf(door)).toEqual({
      name: "front-door",
      user: "65534:65534",
      ports: ["https 8443 from operator, published at 9443", "inner 2020 from peers"],
      metrics: "2020/metrics",
      data: [],
      scratch: ["/config 4Mi", "/data 4Mi"],
      health: { path: "/health", port: 2020, check: "wget", startupSeconds: 30 },
      placement: "single",
      talksTo: PROXIED,
    });
    expect(pathsOf(door)).toEqual([
      "Caddyfile",
      "sites/programs.caddy",
      "secrets/users",
      "secrets/tls.crt",
      "secrets/tls.key",
    ]);
  });

  it("has a host for every program that people open", () => {
    const { reach } = door.ports[0]!;
    expect(reach).toEqual({ from: "operator", published: 9443, login: true, hosts: PROXIED });
    const elk = frontDoorFor({ logging: "elk" });
    expect(elk.talksTo).toContain("kibana");
    expect(elk.talksTo).not.toContain("loki");
  });

  it("asks for the password for each program but those with a login, and keeps it from the program", () => {
    const both = frontDoorFor({ logging: "both" });
    for (const name of [...PROXIED, "kibana"]) {
      const own = ["grafana", "kibana"].includes(name);
      const site = siteOf(both, name);
      expect([name, site.includes("import login")]).toEqual([name, !own]);
      expect([name, site.includes("header_up -Authorization")]).toEqual([name, !own]);
      expect(site).toContain("import certificate");
    }
  });

  it("knows the user by a hash, and has a certificate with every name", async () => {
    const files = await secretFilesOf(frontDoorFor({ frontDoor: { domain: "localhost", user: "ada" } }));
    expect(files["secrets/users"]).toBe("ada secretmark-hash-front-door\n");
    const names = ["localhost", ...PROXIED.map((name) => `${name}.localhost`)];
    expect(files["secrets/tls.crt"]).toContain(`for ${names.join(", ")}`);
  });

  it("shows the certificate that is given", async () => {
    const { certificate, key } = programCertificate("a root", "front-door", ["grafana.localhost"]);
    const files = await secretFilesOf(frontDoorFor({ "frontDoorCertificate!": certificate, "frontDoorKey!": key }));
    expect(files["secrets/tls.crt"]).toBe(certificate);
    expect(files["secrets/tls.key"]).toBe(key);
  });

  it("takes OTLP in only where there is a token, which stands in a secret file", async () => {
    const open = frontDoorFor({ "otlpToken!": "abcdefghijklmnop" });
    expect(open.talksTo).toContain("otel-collector");
    const files = await secretFilesOf(open);
    expect(files["secrets/otlp.caddy"]).toContain('@stranger not header Authorization "Bearer abcdefghijklmnop"');
    expect(files["secrets/otlp.caddy"]).toContain("h2c://otel-collector:4317");
    expect(files["secrets/tls.crt"]).toContain("otlp.localhost");
  });
});

describe("the other programs of a stack with a front door", () => {
  const others = workloadsOf(programsFor({ frontDoor: { domain: "localhost" }, logging: "both" })).filter(
    ({ name }) => name !== "front-door",
  );

  it("are open to peers and services alone", () => {
    const open = others.flatMap(({ name, ports }) =>
      ports.filter(({ reach }) => reach.from === "operator" || "published" in reach).map((port) => [name, port.name]),
    );
    expect(open).toEqual([]);
  });

  it("know where a browser finds them", () => {
    const text = JSON.stringify(others.map(({ args, env, files }) => ({ args, env, files })));
    for (const url of ["--web.external-url=https://prometheus.localhost:8443/", "https://grafana.localhost:8443/"]) {
      expect(text).toContain(url);
    }
    expect(text).toContain('"GF_SECURITY_COOKIE_SECURE":"true"');
    expect(text).not.toContain("http://localhost:3001");
  });

  it("have Prometheus scrape the front door", () => {
    expect(others.find(({ name }) => name === "prometheus")?.talksTo).toContain("front-door");
  });
});

describe("the front door of a cluster", () => {
  it("leaves TLS to the ingress that leads to it, and believes what that says of the client", () => {
    const door = frontDoorFor({ ...INGRESS, frontDoor: { domain: "watch.example.org" } });
    expect(door.ports[0]).toMatchObject({ name: "http", number: 8080, reach: { from: "operator", login: true } });
    expect(pathsOf(door)).toEqual(["Caddyfile", "sites/programs.caddy", "secrets/users"]);
    expect(siteOf(door, "prometheus")).toMatch(/http:\/\/prometheus\.watch\.example\.org:8080 \{/);
    expect(siteOf(door, "prometheus")).toContain("trusted_proxies private_ranges");
    expect(siteOf(door, "prometheus")).not.toContain("certificate");
  });

  it("has TLS of its own where there is no ingress", () => {
    const door = frontDoorFor({ platform: "kubernetes" });
    expect(door.ports[0]).toMatchObject({ name: "https", number: 8443 });
    expect(siteOf(door, "prometheus")).toContain("import certificate");
  });

  it("leads to no program that has a copy on every node", () => {
    expect(frontDoorFor({ platform: "kubernetes" }).talksTo).toEqual(
      PROXIED.filter((name) => !["cadvisor", "node-exporter"].includes(name)),
    );
  });

  it("has several copies when asked to", () => {
    const door = frontDoorFor({ platform: "kubernetes", replicas: { "front-door": 2 } });
    expect(door.placement).toEqual({ kind: "replicated", replicas: 2, spread: "preferred" });
  });
});
