import { images } from "../images";
import type { Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { curlFiles, logsIndex, userPassword } from "./elasticsearch-access";
import { KIBANA_PORT } from "./kibana";
import { nativeText } from "./native-file";
import type { ProgramSecrets } from "./secrets";

const DIRECTORY = "/etc/kibana-setup";

interface SavedObject {
  readonly type: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Puts the data view and the saved searches into Kibana, and ends. */
export function kibanaSetup(settings: Settings, secrets: ProgramSecrets): Workload {
  return {
    name: "kibana-setup",
    // For its bash and its curl.
    image: images.elasticsearch,
    args: ["bash", `${DIRECTORY}/setup.sh`, DIRECTORY, `http://kibana:${KIBANA_PORT}`],
    files: {
      directory: DIRECTORY,
      entries: [
        { path: "setup.sh", content: nativeText("kibana/setup.sh") },
        { path: "saved-objects.ndjson", content: savedObjects(settings) },
        ...curlFiles(DIRECTORY, "kibana-setup", userPassword(secrets, "kibana-setup")),
      ],
    },
    ports: [],
    resources: { memory: 64 * 2 ** 20, cpu: 0.1 },
    health: { port: 0, check: "outside", startupSeconds: 180 },
    placement: { kind: "once" },
    runsAs: { uid: 1_000, gid: 0 },
    talksTo: ["kibana"],
    after: ["kibana"],
  };
}

/** The objects as they are committed, with the data view turned to this stack's streams. */
function savedObjects(settings: Settings): string {
  const objects = nativeText("kibana/saved-objects.ndjson")
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text) as SavedObject);
  const turned = objects.map((object) =>
    object.type === "index-pattern"
      ? { ...object, attributes: { ...object.attributes, title: logsIndex(settings) } }
      : object,
  );
  return turned.map((object) => `${JSON.stringify(object)}\n`).join("");
}
