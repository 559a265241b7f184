import { Credentials } from "./components/credentials";
import { Exporters } from "./components/exporters";
import { LokiLogging } from "./components/loki-logging";
import { MetricsStack } from "./components/metrics-stack";
import { createPlatform } from "./components/platform";
import { programsOf, workloadsOf } from "./components/programs";
import { loadSettings } from "./components/settings/parse";
import { withShortStacks } from "./components/short-stacks";
import { outputs } from "./components/stack-outputs";
import { TracingStack } from "./components/tracing-stack";

export = () => withShortStacks(deploy);

async function deploy() {
  const settings = loadSettings();
  const credentials = new Credentials("credentials", settings);
  const programs = programsOf(settings, credentials);
  const platform = await createPlatform(settings, workloadsOf(programs));

  const metrics = new MetricsStack("metrics", { platform, programs: programs.metrics });
  const tracing = new TracingStack("tracing", { platform, programs: programs.tracing });
  const logging = new LokiLogging("logging", { platform, programs: programs.logging });
  const exporters = new Exporters("exporters", { platform, programs: programs.exporters });

  return outputs({ settings, credentials, platform, components: [metrics, tracing, logging, exporters] });
}
