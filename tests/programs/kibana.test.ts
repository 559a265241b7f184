import { load } from "js-yaml";
import { describe, expect, it } from "vitest";

import { images } from "../../components/images";
import type { Written } from "../support/settings";
import { elkProgramsFor } from "./elk-support";
import { factsOf, pathsOf, secretFilesOf, textOfFile, yamlOf } from "./support";

const INGRESS: Written = { platform: "kubernetes", ingress: { domain: "monitoring.example.com" } };

const kibanaFor = (written: Written = {}) => elkProgramsFor(written).kibana;
const setupFor = (written: Written = {}) => elkProgramsFor(written).kibanaSetup;
const configFor = (written: Written = {}) => yamlOf<Record<string, unknown>>(kibanaFor(written), "kibana.yml");

describe("kibana", () => {
  it("is placed as its image and its callers need it", () => {
    expect(kibanaFor().image).toBe(images.kibana);
    expect(factsOf(kibanaFor())).toEqual({
      name: "kibana",
      user: "1000:0",
      ports: ["http 5601 from operator, published at 5601"],
      metrics: undefined,
      data: [],
      scratch: ["/tmp 64Mi", "/usr/share/kibana/data 64Mi"],
      health: {
        path: "/api/status",
        port: 5601,
        check: ["curl", "-fs", "-o", "/dev/null", "http://127.0.0.1:5601/api/status"],
        startupSeconds: 300,
      },
      placement: "single",
      talksTo: ["elasticsearch"],
    });
    expect(pathsOf(kibanaFor())).toEqual(["kibana.yml", "secrets/kibana.yml", "secrets/ca.crt"]);
    expect(kibanaFor().args).toEqual([
      "/usr/local/bin/kibana-docker",
      "--config=/etc/kibana/kibana.yml",
      "--config=/etc/kibana/secrets/kibana.yml",
    ]);
  });

  it("is let through an ingress, since people log in to it", () => {
    expect(kibanaFor().ports[0]?.reach).toEqual({ from: "operator", published: 5601, login: true });
  });

  it("knows the address by which browsers reach it", () => {
    expect(configFor({ ports: { kibana: 15601 } })["server.publicBaseUrl"]).toBe("http://localhost:15601");
    expect(configFor(INGRESS)).toMatchObject({
      "server.publicBaseUrl": "https://kibana.monitoring.example.com",
      "xpack.security.secureCookies": true,
    });
    expect(configFor()).not.toHaveProperty("xpack.security.secureCookies");
  });

  it("is never the superuser, and knows Elasticsearch by its authority", () => {
    expect(configFor()).toMatchObject({
      "elasticsearch.hosts": ["https://elasticsearch:9200"],
      "elasticsearch.username": "kibana_system",
      "elasticsearch.ssl.certificateAuthorities": ["/etc/kibana/secrets/ca.crt"],
      "elasticsearch.ssl.verificationMode": "full",
    });
  });

  it("has its password and three keys of its own in a secret file", async () => {
    const secret = load((await secretFilesOf(kibanaFor()))["secrets/kibana.yml"] as string);
    expect(secret).toEqual({
      "elasticsearch.password": "secretmark-elasticsearch-kibana_system",
      "xpack.encryptedSavedObjects.encryptionKey": "secretmark-kibana-xpack.encryptedSavedObjects",
      "xpack.security.encryptionKey": "secretmark-kibana-xpack.security",
      "xpack.reporting.encryptionKey": "secretmark-kibana-xpack.reporting",
    });
  });

  it("can have several copies, with the heap that the settings give", () => {
    const written = { platform: "kubernetes", replicas: { kibana: 2 }, resources: { kibana: { heap: "700Mi" } } };
    expect(kibanaFor(written).placement).toEqual({ kind: "replicated", replicas: 2, spread: "preferred" });
    expect(kibanaFor(written).env).toEqual({ NODE_OPTIONS: "--max-old-space-size=700" });
  });
});

interface SavedObject {
  readonly type: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly references: readonly { readonly id: string; readonly name: string; readonly type: string }[];
}

describe("kibana-setup", () => {
  const objects = textOfFile(setupFor({ environment: "staging" }), "saved-objects.ndjson")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as SavedObject);

  it("runs once, after Kibana is ready, as a user that can do nothing but that", async () => {
    expect(factsOf(setupFor())).toMatchObject({ name: "kibana-setup", placement: "once", talksTo: ["kibana"] });
    expect(setupFor().after).toEqual(["kibana"]);
    expect((await secretFilesOf(setupFor()))["secrets/curl.conf"]).toBe(
      'user = "kibana-setup:secretmark-elasticsearch-kibana-setup"\n',
    );
  });

  it("brings a data view on this stack's streams and three searches in it", () => {
    const [view, ...searches] = objects;
    expect(view).toMatchObject({
      type: "index-pattern",
      attributes: { title: "logs-pyairtable*-staging", timeFieldName: "@timestamp" },
    });
    expect(searches.map(({ attributes }) => attributes.title)).toEqual([
      "Errors by service",
      "Slow requests",
      "One trace",
    ]);
    for (const { type, references } of searches) {
      expect(type).toBe("search");
      expect(references.map(({ id }) => id)).toEqual([view?.id]);
    }
  });

  it("names only fields that the template maps, and a reference that is there", () => {
    const template = JSON.parse(textOfFile(elkProgramsFor().elasticsearchSetup, "bodies/index-template.json")) as {
      template: { mappings: { properties: object } };
    };
    const mapped = fieldsOf(template.template.mappings.properties);
    for (const { attributes, references } of objects.slice(1)) {
      const meta = attributes.kibanaSavedObjectMeta as { searchSourceJSON: string };
      const source = JSON.parse(meta.searchSourceJSON) as { query: { query: string }; indexRefName: string };
      expect(references.map(({ name }) => name)).toContain(source.indexRefName);
      const [field] = source.query.query.split(/ [:>]/);
      for (const name of [field, ...(attributes.columns as string[])]) expect(mapped).toContain(name);
    }
  });
});

/** Full names of all fields of a mapping. */
function fieldsOf(properties: object, prefix = ""): string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const { properties: inner } = field as { properties?: object };
    return inner ? fieldsOf(inner, `${prefix}${name}.`) : [prefix + name];
  });
}
