import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

import { authorityCertificate } from "../../components/certificates";
import type { ResolvedOutputs } from "../../components/stack-outputs";
import { PROJECT_ROOT } from "../../operations/workspace";
import { runCommand } from "../../toolchain/command";
import { eventually } from "./support/eventually";
import { ask, askPlainly, exportByGrpc, login } from "./support/front-door";
import { freePorts } from "../../toolchain/free-ports";
import { docker, TestStack } from "./support/test-stack";

const TOKEN = "a-token-of-the-tests";
const LOCKED = ["alertmanager", "cadvisor", "jaeger", "loki", "node-exporter", "prometheus"];

/** The path at which a program says that it is well. */
const WELL: Readonly<Record<string, string>> = {
  alertmanager: "/-/ready",
  cadvisor: "/metrics",
  jaeger: "/api/services",
  loki: "/ready",
  "node-exporter": "/metrics",
  prometheus: "/-/ready",
};

/** One stack, brought up once; the tests follow each other in this order. */
describe("a stack with a front door", () => {
  let stack: TestStack;
  let outputs: ResolvedOutputs;
  let port = 0;

  const door = () => outputs.frontDoor as NonNullable<ResolvedOutputs["frontDoor"]>;
  const url = (program: string, path = "/") => `${outputs.urls[program]}${path}`;
  const known = () => login(door().user, door().password);

  beforeAll(async () => {
    ({ port } = await freePorts("port"));
    stack = await TestStack.create(
      inject("workspace"),
      { ports: {}, frontDoor: { domain: "localhost", port }, jaegerStorage: "memory" },
      { otlpToken: TOKEN },
    );
    outputs = await stack.up();
  });

  afterAll(() => stack?.remove());

  it("says how to come in", () => {
    expect(Object.keys(outputs.urls).sort()).toEqual([...LOCKED, "grafana"].sort());
    for (const [program, address] of Object.entries(outputs.urls)) {
      expect(address).toBe(`https://${program}.localhost:${port}`);
    }
    expect(door()).toEqual({
      address: `127.0.0.1:${port}`,
      user: "operator",
      password: expect.stringMatching(/^[0-9a-f]{48}$/) as string,
      authority: expect.stringMatching(/^-----BEGIN CERTIFICATE-----/) as string,
    });
    expect(outputs.services.otlpOutside).toBe(`https://otlp.localhost:${port}`);
  });

  it("publishes nothing else", async () => {
    const bindings = await Promise.all(
      Object.entries(await stack.containers()).map(async ([name, id]) => {
        const { HostConfig } = await docker.getContainer(id).inspect();
        return Object.entries((HostConfig.PortBindings ?? {}) as Record<string, object[]>).flatMap(([inner, outer]) =>
          outer.map((binding) => ({ name, inner, ...binding })),
        );
      }),
    );
    expect(bindings.flat()).toEqual([
      { name: "front-door", inner: "8443/tcp", HostIp: "127.0.0.1", HostPort: String(port) },
    ]);
  });

  it.each(LOCKED)("lets no one at %s without the password", async (program) => {
    const path = WELL[program] as string;
    const strangers = [{}, login("operator", "wrong password"), login("someone", door().password)];
    const answers = await Promise.all(strangers.map((headers) => ask(outputs, url(program, path), { headers })));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(answers[0]?.headers["www-authenticate"]).toBe('Basic realm="monitoring"');
    await eventually(`${program} behind the password`, async () => {
      const { status } = await ask(outputs, url(program, path), { headers: known() });
      return status === 200 ? true : undefined;
    });
  });

  it("leaves the login to Grafana, which has one", async () => {
    expect((await ask(outputs, url("grafana", "/api/health"))).status).toBe(200);
  });

  it("shows a certificate of the stack's authority, and speaks nothing but TLS", async () => {
    const other = authorityCertificate("another root");
    await expect(ask(outputs, url("prometheus"), { ca: other })).rejects.toThrow(/certificate|signature/);
    const plain = await askPlainly(outputs, url("prometheus"));
    expect(plain.status).toBe(400);
    expect(plain.body).toContain("HTTPS");
  });

  it("answers for no other host, and tells browsers to be careful", async () => {
    const { status } = await ask(outputs, url("prometheus"), { headers: { ...known(), host: "other.localhost" } });
    expect(status).toBe(404);
    const { headers } = await ask(outputs, url("prometheus", "/-/ready"), { headers: known() });
    expect(headers).toMatchObject({
      "strict-transport-security": "max-age=31536000",
      "x-content-type-options": "nosniff",
      "x-frame-options": "SAMEORIGIN",
    });
    for (const name of ["server", "via"]) expect(headers).not.toHaveProperty(name);
  });

  it("takes OTLP in with the token alone, as far as Jaeger", async () => {
    const traceId = randomBytes(16).toString("hex");
    const body = JSON.stringify(span(traceId));
    const post = (headers: Record<string, string>) =>
      ask(outputs, `${outputs.services.otlpOutside}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body,
      });
    const refused = [{}, { authorization: "Bearer another-token" }, known()];
    expect((await Promise.all(refused.map(post))).map(({ status }) => status)).toEqual([401, 401, 401]);
    await eventually("OTLP with the token", async () =>
      (await post({ authorization: `Bearer ${TOKEN}` })).status === 200 ? true : undefined,
    );
    const found = await eventually("the span in Jaeger", async () => {
      const answer = await ask(outputs, url("jaeger", `/api/traces/${traceId}`), { headers: known() });
      return answer.status === 200 ? answer.body : undefined;
    });
    expect(found).toContain("outside-span");
  });

  it("takes OTLP over gRPC in the same way", async () => {
    const address = outputs.services.otlpOutside as string;
    expect(await exportByGrpc(outputs, address, {})).toBe(status.UNAUTHENTICATED);
    expect(await exportByGrpc(outputs, address, { authorization: "Bearer another-token" })).toBe(
      status.UNAUTHENTICATED,
    );
    expect(await exportByGrpc(outputs, address, { authorization: `Bearer ${TOKEN}` })).toBe(status.OK);
  });

  it("is scraped, and logs requests without what people log in with", async () => {
    await eventually("the front door as a target that is up", async () => {
      const query = encodeURIComponent('up{job="front-door"} == 1');
      const { body } = await ask(outputs, url("prometheus", `/api/v1/query?query=${query}`), { headers: known() });
      return body.includes('"front-door"') ? true : undefined;
    });
    const log = await docker.getContainer(`${stack.name}-front-door`).logs({ stdout: true, stderr: true });
    const text = log.toString("utf8");
    expect(text).toContain(`"host":"prometheus.localhost:${port}"`);
    expect(text).toContain('"Authorization":["REDACTED"]');
    for (const secret of [TOKEN, known().authorization.slice("Basic ".length)]) expect(text).not.toContain(secret);
  });

  it("lets people and senders in as the guide says", async () => {
    const output = path.join(stack.folder, "front-door-output.json");
    writeFileSync(output, await stack.run.capture(["stack", "output", "frontDoor", "--show-secrets"]));
    const script = [
      "set -e",
      `npm() { cat ${output}; }`,
      guideBlock("curl ", port),
      guideBlock("OTEL_EXPORTER_OTLP_HEADERS", port)
        .replace("<token>", TOKEN)
        .replace("monitoring.example.com", "localhost"),
      `node -e '${SENDER}'`,
    ];
    const { succeeded, output: said } = await runCommand("bash", ["-c", script.join("\n")], { cwd: stack.folder });
    expect(succeeded, said).toBe(true);
    expect(said).toContain("Prometheus Server is Ready.");
    expect(said).toContain("exported: true");
  });

  it("shows no change in a preview right after", async () => {
    await expect(stack.run.capture(["preview", "--expect-no-changes"])).resolves.toContain("unchanged");
  });

  it("takes another password, and the old one no more", async () => {
    const old = known();
    await stack.run.capture(["config", "set", "--secret", "frontDoorPassword", "another long password"]);
    const before = await stack.containers();
    outputs = await stack.up();
    expect(door().password).toBe("another long password");
    const asked = (headers: { authorization: string }) => ask(outputs, url("prometheus", "/-/ready"), { headers });
    expect((await eventually("the new password", () => asked(known()))).status).toBe(200);
    expect((await asked(old)).status).toBe(401);
    const after = await stack.containers();
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual(["front-door"]);
  });
});

/** The block of docs/security.md that has a text, for a front door at another port. */
function guideBlock(text: string, port: number): string {
  const guide = readFileSync(path.join(PROJECT_ROOT, "docs/security.md"), "utf8");
  const blocks = [...guide.matchAll(/```bash\n([^`]*)```/g)].map(([, block]) => block as string);
  const found = blocks.find((block) => block.includes(text));
  if (found === undefined) throw new Error(`docs/security.md has no block with ${text}`);
  return found.replaceAll(":8443", `:${port}`);
}

/** A service that sends one span by the variables of its environment. Its names lead to this machine, as DNS would do it. */
const SENDER = `
require("node:dns").lookup = (name, options, done) => done(null, options.all ? [{ address: "127.0.0.1", family: 4 }] : "127.0.0.1", 4);
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-http");
const { BasicTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-base");
const exporter = new OTLPTraceExporter();
const send = exporter.export.bind(exporter);
exporter.export = (spans, done) => send(spans, (result) => {
  console.log("exported:", result.code === 0, result.error?.message ?? "");
  done(result);
});
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.getTracer("guide").startSpan("from outside").end();
provider.forceFlush();
`;

function span(traceId: string): object {
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "outside" } }] };
  const now = Date.now();
  const spans = [
    {
      traceId,
      spanId: traceId.slice(0, 16),
      name: "outside-span",
      kind: 1,
      startTimeUnixNano: `${now}000000`,
      endTimeUnixNano: `${now + 1}000000`,
    },
  ];
  return { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] };
}
