import { setTimeout as wait } from "node:timers/promises";

import { dump, load } from "js-yaml";
import { expect, onTestFinished, vi } from "vitest";

import { settingsFor } from "../../support/settings";
import { freePorts } from "../../../toolchain/free-ports";
import { post, start } from "./daemon";
import { fakeServer, type Asked } from "./fake-server";
import { fakeSmtp, type Mail } from "./fake-smtp";
import { Rendered } from "./rendered";

const DIRECTORY = "/etc/alertmanager";
const RULES = "/etc/prometheus/rules";

/** Of every route, in place of minutes and hours. What repeats is the watchdog alone. */
const TIMES = { group_wait: "500ms", group_interval: "300ms" };
const WATCHDOG_REPEATS = "300ms";
/** Several group intervals: whatever would be told twice has been told twice. */
const QUIET_MS = 1_200;
const ARRIVES_MS = 10_000;

/** Where the HTTP channels post to; mail is told by its address. */
const CHANNELS = {
  "/slack": "slack",
  "/v2/enqueue": "pagerduty",
  "/hook": "webhook",
  "/switch": "dead man's switch",
} as const;

type Labels = Readonly<Record<string, string>>;

export interface Told {
  /** As in `FIRING ServiceDown frontend to slack`. */
  readonly text: string;
  /** All that was said, decoded. */
  readonly body: string;
}

interface Route {
  group_wait?: string;
  group_interval?: string;
  repeat_interval?: string;
  receiver: string;
  routes?: Route[];
}

interface Rule {
  readonly alert?: string;
  readonly labels?: Labels;
  readonly annotations: Labels;
}

/** A stack's own Alertmanager with every channel, each of which ends here. It ends with the test. */
export async function delivery(alertmanager: string) {
  const smtp = await fakeSmtp();
  const http = await fakeServer(({ path }) => (path === "/slack" ? { status: 200, body: "ok" } : { status: 202 }));
  const files = await Rendered.write(settingsFor(everyChannel(smtp.address, http.url)));
  onTestFinished(() => files.remove());
  // The settings take Slack's own addresses alone, which speak TLS.
  await files.put(`${DIRECTORY}/secrets/slack-webhook-url`, `${http.url}/slack`);
  const config = await files.copy(`${DIRECTORY}/alertmanager.yml`, (text) =>
    hurried(files.relocated(text, DIRECTORY), `${http.url}/v2/enqueue`),
  );
  const ports = await freePorts("http");
  const url = `http://127.0.0.1:${ports.http}`;
  const storage = `--storage.path=${await files.directory("/alertmanager")}`;
  const listen = [`--web.listen-address=127.0.0.1:${ports.http}`, "--cluster.listen-address="];
  await start(alertmanager, [`--config.file=${config}`, storage, ...listen], `${url}/-/ready`);

  const told = () => [...smtp.mails.map(byMail), ...http.asked.map(byHttp)];
  const send = (alerts: readonly object[]) => post(`${url}/api/v2/alerts`, alerts);
  return {
    told,
    /** Fires alerts of the stack's own rules in one request: each of the names with each of the labels. */
    fire: async (names: readonly string[], ...labels: readonly Labels[]) =>
      send(await Promise.all(names.flatMap((name) => labels.map((own) => alertOf(files, name, own))))),
    resolve: async (name: string, labels: Labels) =>
      send([{ ...(await alertOf(files, name, labels)), endsAt: new Date().toISOString() }]),
    /** Waits until exactly this was told, and makes sure that it stays so: nothing twice, nothing late. */
    expectTold: async (expected: readonly string[]) => {
      const check = () =>
        expect(
          told()
            .map(({ text }) => text)
            .sort(),
        ).toEqual([...expected].sort());
      await vi.waitFor(check, { timeout: ARRIVES_MS, interval: 50 });
      await wait(QUIET_MS);
      check();
    },
  };
}

function everyChannel(smtpHost: string, http: string) {
  return {
    smtpHost,
    smtpRequireTls: false,
    alertFromEmail: "alerts@example.com",
    criticalEmail: "critical@example.com",
    oncallEmail: "oncall@example.com",
    securityEmail: "security@example.com",
    "slackWebhookUrl!": "https://hooks.slack.com/services/T/B/x",
    "pagerdutyRoutingKey!": "0123456789abcdef0123456789abcdef",
    "alertWebhookUrl!": `${http}/hook`,
    "deadMansSwitchUrl!": `${http}/switch`,
  };
}

/** The same routes with short times, and PagerDuty's address beside the ones that are secrets. */
function hurried(text: string, pagerduty: string): string {
  const config = load(text) as { global: Record<string, unknown>; route: Route };
  const faster = ({ routes = [], ...route }: Route): Route => ({
    ...route,
    ...TIMES,
    ...(route.receiver === "watchdog" ? { repeat_interval: WATCHDOG_REPEATS } : {}),
    routes: routes.map(faster),
  });
  const global = { ...config.global, pagerduty_url: pagerduty };
  return dump({ ...config, global, route: faster(config.route) });
}

/** An alert with the labels and links of its rule. It begins when it arrives: an older one would not wait for its group. */
async function alertOf(files: Rendered, name: string, own: Labels) {
  for (const category of ["critical", "performance", "security", "cost", "stack"]) {
    const { groups } = load(await files.read(`${RULES}/${category}.yaml`)) as { groups: { rules: Rule[] }[] };
    const rule = groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === name);
    if (rule === undefined) continue;
    const labels = { ...rule.labels, owner: "platform", alertname: name, environment: "test", stack: "test", ...own };
    return { labels, annotations: rule.annotations };
  }
  throw new Error(`There is no rule ${name}: adapt the test to the rules.`);
}

function byMail({ to, text }: Mail): Told {
  return { text: `${summary(text)} to ${to.join(" and ")}`, body: text };
}

function byHttp({ path, body }: Asked): Told {
  const channel = CHANNELS[path as keyof typeof CHANNELS] ?? path;
  const { status, groupLabels } = JSON.parse(body) as { status?: string; groupLabels?: Labels };
  if (status === undefined || groupLabels === undefined) return { text: `${summary(body)} to ${channel}`, body };
  const what = [status.toUpperCase(), groupLabels.alertname, groupLabels.service].filter(Boolean).join(" ");
  return { text: `${what} to ${channel}`, body };
}

/** From the title, which subject, message and incident share. */
function summary(text: string): string {
  const [, status = "?", what = "?"] = /\[(FIRING|RESOLVED)[^\]]*\] [A-Z]+ (\w+(?: [\w-]+)?) \(/.exec(text) ?? [];
  return `${status} ${what}`;
}
