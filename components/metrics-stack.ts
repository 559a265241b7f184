import * as pulumi from "@pulumi/pulumi";

import type { Programs } from "./programs";
import { deployAll, type ComponentArgs, type Placed } from "./stack-component";

/** Prometheus, Alertmanager and Grafana. */
export class MetricsStack extends pulumi.ComponentResource {
  /** The programs as they were placed, by role. */
  readonly nodes: Placed<Programs["metrics"]>;
  readonly prometheusUrl: string;
  readonly alertmanagerUrl: string;
  readonly grafanaUrl: string;

  constructor(name: string, args: ComponentArgs<Programs["metrics"]>, opts?: pulumi.ComponentResourceOptions) {
    super("pyairtable:metrics:MetricsStack", name, {}, opts);
    this.nodes = deployAll(this, name, args);
    this.prometheusUrl = this.nodes.prometheus.urls.http as string;
    this.alertmanagerUrl = this.nodes.alertmanager.urls.http as string;
    this.grafanaUrl = this.nodes.grafana.urls.http as string;
    this.registerOutputs({
      prometheusUrl: this.prometheusUrl,
      alertmanagerUrl: this.alertmanagerUrl,
      grafanaUrl: this.grafanaUrl,
    });
  }
}
