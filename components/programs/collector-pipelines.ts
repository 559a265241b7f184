/** A collector's configuration, as far as it is overlaid. */
export interface CollectorConfig {
  readonly receivers: Components;
  readonly processors: Components;
  readonly connectors?: Components;
  readonly exporters: Components;
  readonly extensions: Components;
  readonly service: {
    readonly extensions: readonly string[];
    readonly telemetry: Readonly<Record<string, unknown>>;
    readonly pipelines: Readonly<Record<string, Pipeline>>;
  };
}

type Components = Readonly<Record<string, unknown>>;

export interface Pipeline {
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

/** The same configuration with other or more pipelines. */
export function withPipelines(config: CollectorConfig, pipelines: Readonly<Record<string, Pipeline>>): CollectorConfig {
  return { ...config, service: { ...config.service, pipelines: { ...config.service.pipelines, ...pipelines } } };
}
