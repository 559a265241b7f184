/**
 * What a plugin process runs.
 *
 * - `docker`, `random` or `kubernetes`: one plugin, started by the engine, which reads the port from standard output.
 * - `several docker,random`: those named, started before the engine; prints `docker:<port>,random:<port>` and ends with
 *   its standard input, so that it never outlives whoever started it.
 */
import { docker } from "./docker";
import { kubernetes } from "./kubernetes";
import { random } from "./random";
import { serve, type Plugin } from "./server";

const plugins: readonly Plugin[] = [docker, random, kubernetes];

function pluginOf(name: string | undefined): Plugin {
  const plugin = plugins.find((candidate) => candidate.name === name);
  if (plugin) return plugin;
  throw new Error(`no plugin '${name}'; there are ${plugins.map((each) => each.name).join(", ")}`);
}

async function run(which: string | undefined, argument: string | undefined): Promise<string> {
  if (which !== "several") return String(await serve(pluginOf(which), argument));
  process.stdin.on("end", () => process.exit(0)).resume();
  const names = (argument ?? "").split(",");
  const ports = await Promise.all(names.map((name) => serve(pluginOf(name))));
  return names.map((name, index) => `${name}:${ports[index]}`).join(",");
}

const [which, ...rest] = process.argv.slice(2);
run(
  which,
  rest.find((argument) => !argument.startsWith("-")),
).then(
  (line) => process.stdout.write(`${line}\n`),
  (error: unknown) => {
    process.stderr.write(`The plugin could not start: ${String(error)}\n`);
    process.exitCode = 1;
  },
);
