import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { images } from "../../components/images";
import { goRecipes } from "../go/recipes";
import { mavenArchives } from "../maven";
import { bash, curl, java, javaHome } from "./debian-packages";
import type { ImageRecipe } from "./layout";

// The vendor's base is a full distribution: bash, curl, coreutils, tini.
const elasticBase = { shell: true, tmp: true, certificates: true, timeZones: false } as const;

const owned = (path: string) => ({ path, mode: 0o775, uid: 1000, gid: 0 });

const elasticsearchHome = "/usr/share/elasticsearch";

// Like the vendor's: whatever is not `eswrapper` is run as it stands, so that an operator can start a shell, or a
// script that prepares something and then starts the server.
const elasticsearchEntrypoint = `#!/bin/bash
set -e
umask 0002
if [[ "$1" != "eswrapper" ]]; then
  exec "$@"
fi
source ${elasticsearchHome}/bin/elasticsearch-env-from-file
if [[ -n "$ELASTIC_PASSWORD" ]]; then
  if [[ ! -f ${elasticsearchHome}/config/elasticsearch.keystore ]]; then
    elasticsearch-keystore create
  fi
  if ! elasticsearch-keystore list | grep -q '^bootstrap[.]password$'; then
    echo "$ELASTIC_PASSWORD" | elasticsearch-keystore add -x bootstrap.password
  fi
fi
# Several nodes refuse to start with less. The vendor's image has no such line: there the limit has to be raised.
open_files=$(ulimit -Hn)
if [[ "$open_files" != unlimited && "$open_files" -lt 65535 ]]; then
  export LD_PRELOAD=/usr/local/lib/open-files.so
fi
exec elasticsearch
`;
const elasticsearchConfig = `cluster.name: docker-cluster
network.host: 0.0.0.0
`;
// A container's log is what it writes to its output. The second appender puts a deprecation into the answer's headers.
const elasticsearchLogging = `status = error

appender.console.type = Console
appender.console.name = console
appender.console.layout.type = ECSJsonLayout
appender.console.layout.dataset = elasticsearch.server

appender.header_warning.type = HeaderWarningAppender
appender.header_warning.name = header_warning

rootLogger.level = info
rootLogger.appenderRef.console.ref = console

logger.deprecation.name = org.elasticsearch.deprecation
logger.deprecation.level = WARN
logger.deprecation.appenderRef.header_warning.ref = header_warning
`;

// Like the vendor's: flags and subcommands are Filebeat's, anything else is a program.
const filebeatEntrypoint = `#!/bin/bash
set -e
if [[ -z "$1" || "$1" == -* ]] || filebeat help | grep -q "^  $1 "; then
  exec filebeat "$@"
fi
exec "$@"
`;
// Filebeat describes its host in every event, and does not start where it cannot.
const release = `ID=debian
NAME="Debian GNU/Linux"
PRETTY_NAME="Debian packages, put together without their distribution"
`;
const filebeatConfig = `filebeat.inputs: []
output.console.enabled: true
`;

const moduleSources = path.join(__dirname, "elasticsearch");
const moduleFiles = readdirSync(moduleSources).map((file) => ({
  path: `/usr/src/missing-parts/${file}`,
  content: readFileSync(path.join(moduleSources, file), "utf8"),
}));

function standIn(name: "kibana" | "logstash", title: string, port: number, health: string): ImageRecipe {
  const home = `/usr/share/${name}`;
  return {
    title: `${title} (stand-in)`,
    version: goRecipes["stand-in"].version,
    source: "stand-in",
    program: "stand-in",
    ...elasticBase,
    packages: [...bash, ...curl],
    binaries: { "stand-in": "/usr/bin/stand-in" },
    accounts: { [name]: { uid: 1000, gid: 1000, home } },
    directories: [owned(`${home}/config`), owned(`${home}/data`)],
    user: "1000",
    workingDirectory: home,
    ports: [port],
    entrypoint: [
      "/usr/bin/stand-in",
      `--stand-in.name=${title}`,
      `--stand-in.version=${images[name].reference.split(":")[1]}`,
      `--stand-in.port=${port}`,
      `--stand-in.health=${health}`,
    ],
  };
}

/** The images of Elasticsearch and of the programs around it. */
export const elasticRecipes = {
  elasticsearch: {
    title: "Elasticsearch",
    version: mavenArchives.elasticsearch.version,
    source: "built",
    ...elasticBase,
    packages: [...bash, ...curl, ...java, "tcc", "tini"],
    archive: {
      name: "elasticsearch",
      path: elasticsearchHome,
      // In a container the server takes settings from the environment too.
      edits: { "bin/elasticsearch-env": ["ES_DISTRIBUTION_TYPE=zip", "ES_DISTRIBUTION_TYPE=docker"] },
    },
    links: {
      "/bin/tini": "/usr/bin/tini",
      [`${elasticsearchHome}/jdk`]: javaHome,
    },
    accounts: { elasticsearch: { uid: 1000, gid: 0, home: elasticsearchHome } },
    directories: [
      ...["config", "config/jvm.options.d", "data", "logs", "plugins"].map((folder) =>
        owned(`${elasticsearchHome}/${folder}`),
      ),
      { path: "/usr/local/lib", mode: 0o755, uid: 0, gid: 0 },
    ],
    files: [
      { path: "/usr/local/bin/docker-entrypoint.sh", mode: 0o555, content: elasticsearchEntrypoint },
      { path: `${elasticsearchHome}/config/elasticsearch.yml`, mode: 0o664, content: elasticsearchConfig },
      { path: `${elasticsearchHome}/config/log4j2.properties`, mode: 0o664, content: elasticsearchLogging },
      ...moduleFiles,
    ],
    build: ["bash /usr/src/missing-parts/build-module.sh"],
    user: "1000:0",
    workingDirectory: elasticsearchHome,
    environment: { PATH: `${elasticsearchHome}/bin:/usr/local/bin:/usr/bin:/bin`, ELASTIC_CONTAINER: "true" },
    ports: [9200, 9300],
    entrypoint: ["/bin/tini", "--", "/usr/local/bin/docker-entrypoint.sh"],
    command: ["eswrapper"],
  },
  kibana: standIn("kibana", "Kibana", 5601, "/api/status"),
  logstash: standIn("logstash", "Logstash", 9600, "/_node/pipelines"),
  filebeat: {
    title: "Filebeat",
    version: `${goRecipes.filebeat.version}-dev.20241022`,
    source: "built",
    program: "filebeat",
    ...elasticBase,
    packages: [...bash, ...curl, "tini"],
    binaries: { filebeat: "/usr/share/filebeat/filebeat" },
    accounts: { filebeat: { uid: 1000, gid: 1000, home: "/usr/share/filebeat" } },
    directories: ["data", "logs", "module"].map((folder) => ({
      path: `/usr/share/filebeat/${folder}`,
      mode: 0o775,
      uid: 0,
      gid: 0,
    })),
    files: [
      { path: "/usr/local/bin/docker-entrypoint", mode: 0o755, content: filebeatEntrypoint },
      { path: "/usr/share/filebeat/filebeat.yml", content: filebeatConfig },
      { path: "/etc/os-release", content: release },
    ],
    user: "1000",
    workingDirectory: "/usr/share/filebeat",
    environment: { PATH: "/usr/share/filebeat:/usr/local/bin:/usr/bin:/bin" },
    entrypoint: ["/usr/bin/tini", "--", "/usr/local/bin/docker-entrypoint"],
    command: ["-environment", "container"],
  },
} as const satisfies Record<string, ImageRecipe>;
