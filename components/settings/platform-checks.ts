import { formatDuration } from "../units";
import type { Unless } from "./cross-checks";
import { frontDoorChecks } from "./front-door-checks";
import { missingFor, type Problem } from "./problems";
import { scaleChecks } from "./scale-checks";
import type { Values } from "./schema";

const DAY = 86_400;

/** What a platform or a store needs of other keys: copies that want a cluster, a store that is not there. */
export function platformChecks(unless: Unless): Problem[] {
  return [
    ...unless(["platform", "replicas", "collectorGateway", "ingress"], clusterOnly),
    ...unless(["ingress"], ingressIncomplete),
    ...unless(["replicas"], elasticsearchMajority),
    ...unless(["replicas", "grafanaDatabase"], grafanaShared),
    ...unless(["grafanaDatabase", "grafanaDatabasePassword"], grafanaPasswordAlone),
    ...unless(["grafanaDatabase"], grafanaUncheckedAuthority),
    ...unless(["postgresSslMode", "postgresCaCertificate"], postgresUncheckedAuthority),
    ...unless(["platform", "logging", "jaegerStorage"], jaegerStoreMissing),
    ...unless(["platform", "replicas", "jaegerStorage"], jaegerShared),
    ...unless(["logging", "elasticsearchRetention"], elasticsearchRetentionInDays),
    ...unless(["jaegerStorage", "jaegerRetention"], jaegerRetentionInDays),
    ...unless(["remoteWriteUrl", "remoteWriteUser", "remoteWritePassword", "remoteWriteToken"], remoteWriteLogin),
    ...unless(["traceSampling"], samplingIncomplete),
    ...frontDoorChecks(unless),
    ...scaleChecks(unless),
  ];
}

function clusterOnly({ platform, replicas, collectorGateway, ingress }: Values): Problem[] {
  if (platform === "kubernetes") return [];
  const several = Object.entries(replicas).flatMap(([program, count]) =>
    count !== undefined && count > 1 ? [{ key: `replicas.${program}`, got: String(count), fix: "--path " }] : [],
  );
  return [
    ...several,
    ...(collectorGateway ? [{ key: "collectorGateway", got: "true", fix: "" }] : []),
    ...(ingress.domain !== undefined ? [{ key: "ingress.domain", got: ingress.domain, fix: "--path " }] : []),
  ].map(({ key, got, fix }) => ({
    key,
    got: `${got}, with platform docker`,
    expected: "what one Docker engine can do: one copy of each program, and ports on this machine",
    fix: `Remove it with: pulumi config rm ${fix}${key}   or choose: pulumi config set platform kubernetes`,
  }));
}

function ingressIncomplete({ ingress }: Values): Problem[] {
  if (ingress.domain !== undefined || Object.keys(ingress).length === 0) return [];
  const given = Object.keys(ingress).map((key) => `ingress.${key}`);
  return [missingFor("an ingress", given.join(" and "), "ingress.domain", "--path ")];
}

/** Two nodes can not outvote each other: when one goes the other stops too, so two are worse than one. */
function elasticsearchMajority({ replicas }: Values): Problem[] {
  if (replicas.elasticsearch !== 2) return [];
  return [
    {
      key: "replicas.elasticsearch",
      got: "2",
      expected: "1, or 3 and more: of two nodes neither is a majority, so the loss of one stops both",
      fix: "Change it with: pulumi config set --path replicas.elasticsearch 3",
    },
  ];
}

function grafanaShared({ replicas, grafanaDatabase }: Values): Problem[] {
  if ((replicas.grafana ?? 1) === 1 || grafanaDatabase.address !== undefined) return [];
  return [
    {
      key: "grafanaDatabase.address",
      got: "nothing",
      expected: `host:port of a PostgreSQL server, since ${replicas.grafana} copies of Grafana can not share a file`,
      fix: "Set it with: pulumi config set --path grafanaDatabase.address <host:port>",
    },
  ];
}

function grafanaPasswordAlone({ grafanaDatabase, grafanaDatabasePassword }: Values): Problem[] {
  const given = [...Object.keys(grafanaDatabase).map((key) => `grafanaDatabase.${key}`)];
  if (grafanaDatabasePassword !== undefined) given.push("grafanaDatabasePassword");
  if (grafanaDatabase.address !== undefined || given.length === 0) return [];
  return [missingFor("a database for Grafana", given.join(" and "), "grafanaDatabase.address", "--path ")];
}

/** The other modes would not look at the certificate, and the authority would only seem to be heeded. */
function grafanaUncheckedAuthority({ grafanaDatabase: { sslMode = "verify-full", caCertificate } }: Values): Problem[] {
  if (caCertificate === undefined || sslMode === "verify-full") return [];
  return [
    {
      key: "grafanaDatabase.sslMode",
      got: `${sslMode}, with a caCertificate`,
      expected: "verify-full, which alone checks the server by it",
      fix:
        "Change it with: pulumi config set --path grafanaDatabase.sslMode verify-full   or: pulumi config rm --path " +
        "grafanaDatabase.caCertificate",
    },
  ];
}

function postgresUncheckedAuthority({ postgresSslMode, postgresCaCertificate }: Values): Problem[] {
  if (postgresCaCertificate === undefined || postgresSslMode.startsWith("verify-")) return [];
  return [
    {
      key: "postgresSslMode",
      got: `${postgresSslMode}, with postgresCaCertificate`,
      expected: "verify-full or verify-ca, which alone check the server by it",
      fix: "Change it with: pulumi config set postgresSslMode verify-full   or: pulumi config rm postgresCaCertificate",
    },
  ];
}

function jaegerStoreMissing({ platform, logging, jaegerStorage }: Values): Problem[] {
  if (jaegerStorage !== "elasticsearch") return [];
  if (platform === "docker") {
    return [
      {
        key: "jaegerStorage",
        got: "elasticsearch, with platform docker",
        expected: "badger or memory: old traces leave Elasticsearch by a nightly job, which takes a cluster",
        fix: "Change it with: pulumi config set jaegerStorage badger   or: pulumi config set platform kubernetes",
      },
    ];
  }
  if (logging !== "loki") return [];
  return [
    {
      key: "jaegerStorage",
      got: "elasticsearch, with logging loki",
      expected: "badger or memory where the stack has no Elasticsearch",
      fix: "Change it with: pulumi config set jaegerStorage badger   or: pulumi config set logging both",
    },
  ];
}

/** Only a store that all copies ask shows the same traces whichever of them answers. */
function jaegerShared({ platform, replicas, jaegerStorage }: Values): Problem[] {
  if (platform === "docker" || (replicas.jaeger ?? 1) === 1 || jaegerStorage === "elasticsearch") return [];
  return [
    {
      key: "replicas.jaeger",
      got: `${replicas.jaeger}, with jaegerStorage ${jaegerStorage}`,
      expected: `1, since each copy would keep traces of its own ${jaegerStorage === "badger" ? "on its volume" : "in its memory"}`,
      fix:
        "Change it with: pulumi config set --path replicas.jaeger 1   or, with logging elk or both: pulumi config set " +
        "jaegerStorage elasticsearch",
    },
  ];
}

/** Elasticsearch deletes whole indices, and a new one begins each day. */
function elasticsearchRetentionInDays({ logging, elasticsearchRetention }: Values): Problem[] {
  if (logging === "loki" || elasticsearchRetention >= DAY) return [];
  return [wholeDays("elasticsearchRetention", elasticsearchRetention, "30d")];
}

function jaegerRetentionInDays({ jaegerStorage, jaegerRetention }: Values): Problem[] {
  if (jaegerStorage !== "elasticsearch" || jaegerRetention >= DAY) return [];
  return [wholeDays("jaegerRetention", jaegerRetention, "2d")];
}

function wholeDays(key: string, got: number, example: string): Problem {
  return {
    key,
    got: formatDuration(got),
    expected: "at least 1d: what Elasticsearch keeps is deleted by the day",
    fix: `Change it with: pulumi config set ${key} ${example}`,
  };
}

function remoteWriteLogin(values: Values): Problem[] {
  const { remoteWriteUrl: url, remoteWriteUser: user, remoteWritePassword: password, remoteWriteToken: token } = values;
  const named = { remoteWriteUser: user, remoteWritePassword: password, remoteWriteToken: token };
  const given = Object.keys(named).filter((key) => named[key as keyof typeof named] !== undefined);
  if (url === undefined) {
    return given.length === 0 ? [] : [missingFor("remote write", given.join(" and "), "remoteWriteUrl")];
  }
  if (token !== undefined && given.length > 1) {
    return [
      {
        key: "remoteWriteToken",
        got: `a token beside ${given.filter((key) => key !== "remoteWriteToken").join(" and ")}`,
        expected: "a token, or a user with a password",
        fix: "Remove one of the two with: pulumi config rm remoteWriteToken",
      },
    ];
  }
  if ((user === undefined) === (password === undefined)) return [];
  return user === undefined
    ? [missingFor("remote write", "remoteWritePassword", "remoteWriteUser")]
    : [missingFor("remote write", "remoteWriteUser", "remoteWritePassword", "--secret ")];
}

function samplingIncomplete({ traceSampling }: Values): Problem[] {
  if (traceSampling.slowerThan === undefined || traceSampling.percentage !== undefined) return [];
  return [missingFor("trace sampling", "traceSampling.slowerThan", "traceSampling.percentage", "--path ")];
}
