/** Images of programs that a platform has beside this stack, and that the stack is connected to by its settings; for tests. */
import type Docker from "dockerode";

import { withLock, type Report } from "../cache";
import { goRecipes } from "../go/recipes";
import { buildImage, LABEL, recipeKey } from "./build";
import { bash, java, javaHome } from "./debian-packages";
import type { ImageRecipe } from "./layout";

const KAFKA = "4.1.1";
const base = { source: "built", shell: true, tmp: true, certificates: false, timeZones: false } as const;
const owned = (path: string) => ({ path, mode: 0o755, uid: 1000, gid: 1000 });

// One broker, which is its own controller, with one user. A folder that is formatted already stays as it is.
const kafkaEntrypoint = `#!/bin/sh
set -ef
java="${javaHome}/bin/java -Xmx256m -cp /opt/kafka/libs/*"
properties=/etc/kafka/server.properties
$java kafka.tools.StorageTool format --ignore-formatted --standalone --config=$properties \\
  --cluster-id=cHlhaXJ0YWJsZS1rYWZrYQ --add-scram="SCRAM-SHA-512=[name=$KAFKA_USER,password=$KAFKA_PASSWORD]"
exec $java kafka.Kafka $properties
`;

const recipes = {
  /** Takes `/etc/kafka/server.properties`, and the name and password of its user as `KAFKA_USER` and `KAFKA_PASSWORD`. */
  kafka: {
    title: "Kafka",
    version: KAFKA,
    ...base,
    jars: { path: "/opt/kafka/libs", program: "kafka" },
    packages: [...bash, ...java, "zlib1g"],
    accounts: { kafka: { uid: 1000, gid: 1000 } },
    directories: [owned("/etc/kafka"), owned("/var/lib/kafka")],
    files: [{ path: "/usr/local/bin/entrypoint.sh", mode: 0o555, content: kafkaEntrypoint }],
    user: "1000",
    ports: [9092],
    entrypoint: ["/usr/local/bin/entrypoint.sh"],
  },
  /** A store that speaks S3; each folder of `/data` is a bucket. */
  objects: {
    title: "Versity S3 Gateway",
    version: goRecipes.versitygw.version,
    program: "versitygw",
    ...base,
    binaries: { versitygw: "/usr/bin/versitygw" },
    accounts: { objects: { uid: 1000, gid: 1000 } },
    directories: [owned("/data"), owned("/metadata"), owned("/etc/objects")],
    user: "1000",
    ports: [9000],
    entrypoint: ["/usr/bin/versitygw"],
  },
} as const satisfies Record<string, ImageRecipe>;

export type OutsideProgram = keyof typeof recipes;

/** Sees to it that the engine has such an image, and gives its reference. */
export async function ensureOutsideImage(docker: Docker, name: OutsideProgram, report: Report): Promise<string> {
  const recipe: ImageRecipe = recipes[name];
  const reference = `pyairtable-monitoring-outside/${name}:${recipe.version}`;
  return withLock(
    "images",
    async () => {
      const key = await recipeKey(recipe);
      const found = await docker
        .getImage(reference)
        .inspect()
        .catch(() => undefined);
      if (found?.Config.Labels?.[LABEL.recipe] !== key) await buildImage(docker, reference, recipe, report);
      return reference;
    },
    report,
  );
}
