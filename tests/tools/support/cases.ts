import type { Settings } from "../../../components/settings/settings";
import { settingsFor } from "../../support/settings";

/** Credentials for every channel that alerts can go to. None of them is real. */
const ALL_CHANNELS = {
  smtpHost: "smtp.example.com:587",
  smtpUser: "alerts",
  "smtpPassword!": 'pass"word\\with: odd #characters',
  alertFromEmail: "alerts@example.com",
  criticalEmail: "critical@example.com",
  oncallEmail: "oncall@example.com, second@example.com",
  securityEmail: "security@example.com",
  "slackWebhookUrl!": "https://hooks.example.com/services/T0/B0/x",
  slackChannel: "#alerts",
  "pagerdutyRoutingKey!": "0123456789abcdef0123456789abcdef",
  "alertWebhookUrl!": "https://example.com/hook",
};

const CUSTOM = {
  name: "acme",
  environment: "staging",
  scrapeInterval: "30s",
  prometheusRetention: "1d",
  lokiRetention: "36h",
  jaegerRetention: "90m",
  storage: { prometheus: "50Gi", loki: "20Gi" },
  services: [
    { name: "web", address: "web.internal:8443", scheme: "https", metricsPath: "/internal/metrics", owner: "web" },
    { name: "jobs", address: "10.0.0.7:9000" },
  ],
  ports: { "otlp-grpc": 4317, "otlp-http": 4318 },
};

const BUCKET = {
  lokiObjectStorage: {
    endpoint: "https://s3.example.com",
    bucket: "pyairtable-lines",
    accessKeyId: "id",
    forcePathStyle: true,
    from: "2026-01-31",
  },
  "lokiObjectStorageSecretKey!": "not a real key",
};

const MANY = {
  services: Array.from({ length: 200 }, (_, index) => ({
    name: `service-${index}`,
    address: `service-${index}:8000`,
    owner: `team-${index % 10}`,
  })),
};

/** The settings whose rendered files every tool looks at, by what is special about them. */
export const CASES = {
  "the defaults": settingsFor(),
  "all alert channels": settingsFor(ALL_CHANNELS),
  "traces in memory": settingsFor({ jaegerStorage: "memory", jaegerMaxTraces: 1000 }),
  "own services and retention": settingsFor(CUSTOM),
  "200 services": settingsFor(MANY),
  "lines in a bucket": settingsFor(BUCKET),
} satisfies Record<string, Settings>;

export type CaseName = keyof typeof CASES;
export const caseNames = Object.keys(CASES) as CaseName[];
