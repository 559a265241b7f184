import path from "node:path";

import { load } from "js-yaml";
import { beforeAll, describe, expect, it } from "vitest";

import { caseNames, type CaseName } from "./support/cases";
import { expectAccepted, expectRefused, useRendered, useTool } from "./support/tool";

const NATIVE = path.join(__dirname, "../../configs/alertmanager/alertmanager.yml");
const DIRECTORY = "/etc/alertmanager";
const CONFIG = `${DIRECTORY}/alertmanager.yml`;
const ALL = "all alert channels" satisfies CaseName;

const amtool = useTool("amtool");
const rendered = useRendered();

/** A copy of the configuration whose templates and secrets are found on this machine. */
async function configOf(name: CaseName, change: (text: string) => string = (text) => text): Promise<string> {
  return rendered(name).copy(CONFIG, (text) => change(rendered(name).relocated(text, DIRECTORY)));
}

describe("alertmanager.yml and its templates", () => {
  it.concurrent("are valid as committed", async () => {
    expectAccepted(await amtool(["check-config", NATIVE]));
  });

  it.concurrent.each(caseNames)("are valid for %s", async (name) => {
    const result = await amtool(["check-config", await configOf(name)]);
    expectAccepted(result);
    expect(result.output).toContain("1 templates");
  });

  it.concurrent("name only secret files that are there", async () => {
    const text = await rendered(ALL).read(CONFIG);
    const named = [...text.matchAll(/_file: (\S+)/g)].map(([, file]) => file as string);
    expect(new Set(named).size).toBe(4);
    for (const file of named) expect(await rendered(ALL).read(file)).not.toBe("");
  });
});

describe("routes", () => {
  let config = "";
  beforeAll(async () => {
    config = await configOf(ALL);
  });
  const route = (labels: readonly string[], ...more: readonly string[]) =>
    amtool(["config", "routes", "test", `--config.file=${config}`, ...more, ...labels]);

  it.concurrent.each([
    ["alertname=Watchdog severity=info category=stack", "watchdog"],
    ["alertname=AuthenticationBruteForce severity=critical category=security", "security-critical"],
    ["alertname=DeniedRequestsHigh severity=warning category=security", "security"],
    ["alertname=ServiceDown severity=critical category=critical service=frontend", "critical"],
    ["alertname=SlowResponses severity=warning category=performance", "oncall"],
    ["alertname=UnusedService severity=info category=cost", "info"],
    ["alertname=Unlabelled", "info"],
  ])("send %s to %s", async (labels, receiver) => {
    const result = await route(labels.split(" "));
    expectAccepted(result);
    expect(result.stdout).toBe(receiver);
  });

  it.concurrent("are told apart from wrong ones", async () => {
    const result = await route(["severity=critical"], "--verify.receivers=info");
    expectRefused(result, /Expected receivers did not match/);
  });
});

describe("templates", () => {
  const DOWN = {
    labels: {
      alertname: "ServiceDown",
      service: "api-gateway",
      severity: "critical",
      category: "critical",
      owner: "platform",
    },
    annotations: {
      summary: "api-gateway is <down>",
      description: "No answer & no metrics.",
      runbook_url: "https://example.com/service-down.md",
      dashboard: "http://localhost:3001/d/pyairtable-platform-overview",
    },
    startsAt: "2026-01-02T03:04:05Z",
    generatorURL: "http://localhost:9090/graph",
    fingerprint: "0123456789abcdef",
  };
  const data = (status: "firing" | "resolved") => ({
    receiver: "critical",
    status,
    alerts: [{ ...DOWN, status, endsAt: status === "resolved" ? "2026-01-02T04:05:06Z" : "0001-01-01T00:00:00Z" }],
    groupLabels: { alertname: "ServiceDown" },
    commonLabels: { ...DOWN.labels, environment: "test" },
    commonAnnotations: DOWN.annotations,
    externalURL: "http://localhost:9093",
  });

  async function render(template: string, status: "firing" | "resolved"): Promise<string> {
    const files = rendered(ALL);
    const result = await amtool([
      "template",
      "render",
      `--template.glob=${files.at(`${DIRECTORY}/templates`)}/*.tmpl`,
      `--template.type=${template.endsWith(".html") ? "html" : "text"}`,
      `--template.text={{ template "${template}" . }}`,
      `--template.data=${await files.put(`/data/${template}-${status}.json`, JSON.stringify(data(status)))}`,
    ]);
    expectAccepted(result);
    return result.stdout;
  }

  const RUNBOOK = "https://example.com/service-down.md";
  const DASHBOARD = DOWN.annotations.dashboard;

  it.concurrent.each(["pyairtable.email.subject", "pyairtable.slack.title"])("%s is one line", async (template) => {
    expect(await render(template, "firing")).toBe("[FIRING 1] CRITICAL ServiceDown api-gateway (test)");
    expect(await render(template, "resolved")).toBe("[RESOLVED] CRITICAL ServiceDown api-gateway (test)");
  });

  it.concurrent.each(["pyairtable.slack.text", "pyairtable.email.text"])(
    "%s says what is wrong and where to look",
    async (template) => {
      const text = await render(template, "firing");
      for (const part of ["api-gateway is <down>", "No answer & no metrics.", RUNBOOK, DASHBOARD]) {
        expect(text).toContain(part);
      }
    },
  );

  it.concurrent.each([
    ["description", /api-gateway is <down> \(critical, api-gateway\)\. No answer & no metrics\.$/],
    ["severity", /^critical$/],
    ["component", /^api-gateway$/],
  ])("pyairtable.pagerduty.%s says what is wrong", async (part, text) => {
    expect(await render(`pyairtable.pagerduty.${part}`, "firing")).toMatch(text);
  });

  it.concurrent("pyairtable.email.html escapes what alerts say", async () => {
    const text = await render("pyairtable.email.html", "firing");
    for (const part of ["api-gateway is &lt;down&gt;", "No answer &amp; no metrics.", `href="${RUNBOOK}"`]) {
      expect(text).toContain(part);
    }
    expect(text).toContain(`href="${DASHBOARD}"`);
    expect(await render("pyairtable.email.html", "resolved")).toContain("2026-01-02 04:05:06 UTC");
  });

  it.concurrent("that a channel uses are all defined", async () => {
    const config = JSON.stringify(load(await rendered(ALL).read(CONFIG)));
    const used = new Set([...config.matchAll(/template \\"([\w.]+)\\"/g)].map(([, name]) => name as string));
    expect(used.size).toBeGreaterThanOrEqual(5);
    for (const template of used) expect(await render(template, "firing")).not.toBe("");
  });
});

describe("amtool refuses", () => {
  it.concurrent("a route to a receiver that is not there", async () => {
    const file = await configOf("the defaults", (text) => text.replace("receiver: oncall", "receiver: nobody"));
    expectRefused(await amtool(["check-config", file]), /undefined receiver "nobody"/);
  });

  it.concurrent("a template that does not parse", async () => {
    const files = rendered("traces in memory");
    const broken = await files.put("/broken/slack.tmpl", '{{ define "pyairtable.slack.text" }}{{ if }}{{ end }}');
    const file = await configOf("traces in memory", (text) =>
      text.replace(/(templates:\s+- )\S+/, (_, key: string) => `${key}${broken}`),
    );
    expectRefused(await amtool(["check-config", file]), /missing value for if/);
  });

  it.concurrent("to render a template that is not there", async () => {
    const glob = `--template.glob=${rendered(ALL).at(`${DIRECTORY}/templates`)}/*.tmpl`;
    const result = await amtool(["template", "render", glob, '--template.text={{ template "no" . }}']);
    expectRefused(result, /"no" not defined/);
  });
});
