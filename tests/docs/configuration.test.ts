import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { load } from "js-yaml";
import { describe, expect, it, onTestFinished } from "vitest";

import { DEFAULT_SERVICES } from "../../components/settings/defaults";
import { schema } from "../../components/settings/schema";
import { renderConfiguration, TARGET } from "../../docs/generate/configuration";
import { Guide } from "./support/guide";

const ROOT = path.join(__dirname, "../..");
const committed = readFileSync(TARGET, "utf8");

/** The page as it would be with another Pulumi.yaml. */
function renderedWith(change: (text: string) => string): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), "configuration-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, "Pulumi.yaml");
  writeFileSync(file, change(readFileSync(path.join(ROOT, "Pulumi.yaml"), "utf8")));
  return renderConfiguration(file);
}

describe("docs/configuration.md", () => {
  it("is up to date", async () => {
    expect(committed, "run: npm run docs").toBe(await renderConfiguration());
  });

  it.each(Object.keys(schema))("describes %s once", (key) => {
    const [keys = ""] = committed.split("## Defaults by program");
    expect(keys.match(new RegExp(`^\\| \`${key}\``, "gm"))).toHaveLength(1);
  });

  it("is out of date as soon as a default or a description changes", async () => {
    expect(await renderedWith((text) => text.replace('default: "15d"', 'default: "16d"'))).not.toBe(committed);
    expect(await renderedWith((text) => text.replace("Grafana's administrator.", "Who."))).not.toBe(committed);
  });

  it("says which heading has lost its key", async () => {
    const renamed = renderedWith((text) =>
      text.replace("pyairtable-monitoring:smtpHost", "pyairtable-monitoring:mail"),
    );
    await expect(renamed).rejects.toThrow("Pulumi.yaml has no key smtpHost: adapt HEADINGS");
  });

  it.each([
    ["GRAFANA_ADMIN_PASSWORD", "--secret grafanaAdminPassword"],
    ["SMTP_HOST", "smtpHost"],
    ["ALERT_FROM_EMAIL", "alertFromEmail"],
    ["SLACK_WEBHOOK_URL", "--secret slackWebhookUrl"],
    ["CRITICAL_EMAIL", "criticalEmail"],
    ["ONCALL_EMAIL", "oncallEmail"],
    ["SECURITY_EMAIL", "securityEmail"],
    ["PROMETHEUS_RETENTION", "prometheusRetention"],
    ["LOKI_RETENTION", "lokiRetention"],
  ])("says what became of %s", (variable, key) => {
    expect(committed).toMatch(new RegExp(`^\\| \`${variable}\` +\\| \`pulumi config set ${key}\` +\\|$`, "m"));
  });
});

describe("the guides", () => {
  const guides = readdirSync(path.join(ROOT, "docs"), { recursive: true, encoding: "utf8" });
  const pages = [...guides.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`), "README.md"];
  const texts = pages.map((name) => [name, readFileSync(path.join(ROOT, name), "utf8")] as const);

  it.each(texts)("%s leads to files and headings that exist", (name, text) => {
    for (const [, target = "", heading] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
      const file = target === "" ? path.basename(name) : target;
      const found = path.join(ROOT, path.dirname(name), file);
      expect(existsSync(found), file).toBe(true);
      if (heading !== undefined) expect(anchorsOf(readFileSync(found, "utf8")), file).toContain(heading);
    }
  });

  it("show a Compose file that fits the stack dev", () => {
    const compose = load(new Guide("integrate-services.md").code("compose.yaml")) as {
      services: Record<string, { environment: Record<string, string>; labels: Record<string, string> }>;
      networks: Record<string, { name: string; external: boolean }>;
    };
    expect(Object.values(compose.networks)).toEqual([{ name: "pyairtable-dev-services", external: true }]);
    for (const [name, { environment, labels }] of Object.entries(compose.services)) {
      expect(DEFAULT_SERVICES.map((service) => service.name)).toContain(name);
      expect(environment.OTEL_SERVICE_NAME).toBe(name);
      expect(environment.OTEL_EXPORTER_OTLP_ENDPOINT).toBe("http://otel-collector:4318");
      expect(labels).toEqual({ "com.pyairtable.service": name });
    }
  });

  it("quote messages as the code writes them", () => {
    const text = readFileSync(path.join(ROOT, "docs/troubleshooting.md"), "utf8");
    const folders = ["operations", "toolchain"].map((folder) => path.join(ROOT, folder));
    const code = folders.flatMap(sourcesIn).join("\n");
    for (const message of QUOTED) {
      expect(text).toContain(message);
      expect(code).toContain(message);
    }
  });
});

/** Parts of messages that docs/troubleshooting.md begins a row with. */
const QUOTED = [
  "A registry was reached and refused these images",
  "another program on ",
  "no right to use the Docker engine",
  "does not answer; start it",
  "no Docker engine answers",
  " is at work on the stack",
  "alert delivery",
  "data source",
  "grafana cli --homepath /usr/share/grafana admin reset-admin-password --password-from-stdin",
];

function sourcesIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts")).map((file) => readFileSync(path.join(folder, file), "utf8"));
}

/** The names that headings of a page can be linked by. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .replaceAll(/\s/g, "-"),
  );
}
