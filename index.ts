import { checkStack } from "./components/check-stack";
import { Credentials } from "./components/credentials";
import { ElkLogging } from "./components/elk-logging";
import { Exporters } from "./components/exporters";
import { FrontDoor } from "./components/front-door";
import { LokiLogging } from "./components/loki-logging";
import { MetricsStack } from "./components/metrics-stack";
import { createPlatform } from "./components/platform";
import { programsOf, workloadsOf } from "./components/programs";
import { leaveOutSdkDiagnostics } from "./components/sdk-diagnostics";
import { useFastStructs } from "./components/sdk-structs";
import { loadSettings } from "./components/settings/parse";
import { outputs } from "./components/stack-outputs";
import { TracingStack } from "./components/tracing-stack";

leaveOutSdkDiagnostics();
useFastStructs();

export = deploy;

async function deploy() {
  const settings = loadSettings();
  const credentials = new Credentials("credentials", settings);
  const programs = programsOf(settings, credentials);
  const workloads = workloadsOf(programs);
  await checkStack(settings, workloads);
  const platform = await createPlatform(settings, workloads);

  // The log stores come first: what writes traces or lines to Elasticsearch waits until its users exist.
  const logging = programs.loki && new LokiLogging("logging", { platform, programs: programs.loki });
  const elk = programs.elk && new ElkLogging("elk", { platform, programs: programs.elk });
  const tracing = new TracingStack("tracing", { platform, programs: programs.tracing });
  const exporters = new Exporters("exporters", { platform, programs: programs.exporters });
  const metrics = new MetricsStack("metrics", { platform, programs: programs.metrics });
  const entrance = programs.entrance && new FrontDoor("entrance", { platform, programs: programs.entrance });

  const components = [metrics, tracing, logging, elk, exporters, entrance].filter(
    (component) => component !== undefined,
  );
  return outputs({ settings, credentials, platform, workloads, components });
}
