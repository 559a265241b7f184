import * as pulumi from "@pulumi/pulumi";

import type { Programs } from "./programs";
import { deployAll, type ComponentArgs, type Placed } from "./stack-component";

/** The OpenTelemetry Collector, which the services send to, and Jaeger. */
export class TracingStack extends pulumi.ComponentResource {
  /** The programs as they were placed, by role. */
  readonly nodes: Placed<Programs["tracing"]>;
  readonly otlpGrpcUrl: string;
  readonly otlpHttpUrl: string;
  readonly jaegerUrl: string;

  constructor(name: string, args: ComponentArgs<Programs["tracing"]>, opts?: pulumi.ComponentResourceOptions) {
    super("pyairtable:tracing:TracingStack", name, {}, opts);
    this.nodes = deployAll(this, name, args);
    this.otlpGrpcUrl = this.nodes.otelCollector.urls["otlp-grpc"] as string;
    this.otlpHttpUrl = this.nodes.otelCollector.urls["otlp-http"] as string;
    this.jaegerUrl = this.nodes.jaeger.urls.http as string;
    this.registerOutputs({ otlpGrpcUrl: this.otlpGrpcUrl, otlpHttpUrl: this.otlpHttpUrl, jaegerUrl: this.jaegerUrl });
  }
}
