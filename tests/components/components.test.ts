import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";

import { Exporters } from "../../components/exporters";
import { FrontDoor } from "../../components/front-door";
import { LokiLogging } from "../../components/loki-logging";
import { MetricsStack } from "../../components/metrics-stack";
import type { Deployed, DeployOptions, Platform, Transform } from "../../components/platform/platform";
import type { Workload } from "../../components/platform/workload";
import type { ComponentArgs } from "../../components/stack-component";
import { TracingStack } from "../../components/tracing-stack";
import { lokiProgramsFor, programsFor } from "../programs/support";
import { recordResources, type Recorder } from "../support/mocks";

type Args = Omit<ComponentArgs<Record<string, Workload>>, "programs">;

interface Component extends pulumi.ComponentResource {
  readonly nodes: Readonly<Record<string, Deployed | undefined>>;
}

/** A platform that only takes note of what it is asked for. */
class Notebook implements Platform {
  readonly asked: { name: string; workload: Workload; options: DeployOptions }[] = [];
  readonly servicesNetwork = pulumi.output("services");

  deploy(name: string, workload: Workload, options: DeployOptions): Deployed {
    this.asked.push({ name, workload, options });
    const resource = new pulumi.ComponentResource("test:index:Placed", name, {}, { parent: options.parent });
    return {
      name: workload.name,
      resource,
      handle: `test-${workload.name}`,
      image: workload.image.reference,
      urls: Object.fromEntries(workload.ports.map((port) => [port.name, `${port.name}://${workload.name}`])),
      healthSeenBy: "scrape",
    };
  }
}

const programs = programsFor();

function entrance() {
  const { entrance: found } = programsFor({ frontDoor: { domain: "localhost" } });
  if (found === undefined) throw new Error("these settings have no front door");
  return found;
}

/** Each component, with what it is made of and what it offers. */
const COMPONENTS = [
  {
    name: "metrics",
    type: "pyairtable:metrics:MetricsStack",
    make: (args: Args) => new MetricsStack("metrics", { ...args, programs: programs.metrics }),
    nodes: { alertmanager: "alertmanager", grafana: "grafana", prometheus: "prometheus" },
    outputs: {
      prometheusUrl: "http://prometheus",
      alertmanagerUrl: "http://alertmanager",
      grafanaUrl: "http://grafana",
    },
  },
  {
    name: "tracing",
    type: "pyairtable:tracing:TracingStack",
    make: (args: Args) => new TracingStack("tracing", { ...args, programs: programs.tracing }),
    nodes: { jaeger: "jaeger", otelCollector: "otel-collector" },
    outputs: {
      otlpGrpcUrl: "otlp-grpc://otel-collector",
      otlpHttpUrl: "otlp-http://otel-collector",
      jaegerUrl: "http://jaeger",
    },
  },
  {
    name: "logging",
    type: "pyairtable:logging:LokiLogging",
    make: (args: Args) => new LokiLogging("logging", { ...args, programs: lokiProgramsFor() }),
    nodes: { loki: "loki", shipper: "promtail" },
    outputs: { lokiUrl: "http://loki" },
  },
  {
    name: "exporters",
    type: "pyairtable:exporters:Exporters",
    make: (args: Args) => new Exporters("exporters", { ...args, programs: programs.exporters }),
    nodes: {
      nodeExporter: "node-exporter",
      cadvisor: "cadvisor",
      redisExporter: "redis-exporter",
      postgresExporter: "postgres-exporter",
    },
    outputs: { nodeExporterUrl: "http://node-exporter", cadvisorUrl: "http://cadvisor" },
  },
  {
    name: "entrance",
    type: "pyairtable:security:FrontDoor",
    make: (args: Args) => new FrontDoor("entrance", { ...args, programs: entrance() }),
    nodes: { frontDoor: "front-door" },
    outputs: {},
  },
] as const;

describe.each(COMPONENTS.map((one) => [one.name, one] as const))("%s", (name, { type, make, nodes, outputs }) => {
  let recorder: Recorder;
  let platform: Notebook;

  beforeEach(async () => {
    recorder = await recordResources();
    platform = new Notebook();
  });

  it("is a component of its own type, without a parent or inputs", async () => {
    make({ platform });
    await recorder.drain();
    expect(recorder.named(name)).toMatchObject({ type, parent: "", component: true, inputs: {}, secrets: [] });
  });

  it("places its programs under itself, each as <component>-<program>", async () => {
    const component = make({ platform });
    await recorder.drain();
    expect(platform.asked.map((asked) => asked.name)).toEqual(Object.values(nodes).map((node) => `${name}-${node}`));
    expect(platform.asked.map(({ workload }) => workload.name)).toEqual(Object.values(nodes));
    for (const { options } of platform.asked) expect(options).toEqual({ parent: component });
    const children = recorder.registrations.filter(({ parent }) => parent === name);
    expect(children.map((child) => child.name)).toEqual(Object.values(nodes).map((node) => `${name}-${node}`));
  });

  it("offers its programs by role and its addresses as outputs", async () => {
    const component: Component = make({ platform });
    await recorder.drain();
    expect(Object.entries(component.nodes).map(([role, node]) => [role, node?.name])).toEqual(Object.entries(nodes));
    expect(component).toMatchObject(outputs);
    expect(recorder.named(name).outputs).toEqual(outputs);
    expect(recorder.named(name).secretOutputs).toEqual([]);
  });

  it("hands a transform to the program of its role, and to no other", async () => {
    const transform: Transform = (args) => args;
    const [role, program] = Object.entries(nodes).at(-1) as [string, string];
    make({ platform, transform: { [role]: transform } });
    await recorder.drain();
    for (const { workload, options } of platform.asked) {
      if (workload.name === program) expect(options.transform).toBe(transform);
      else expect(options).not.toHaveProperty("transform");
    }
  });
});
