/** `docker:index/remoteImage:RemoteImage`: an image that is on the machine already, or is pulled from its registry. */
import { EngineError, ignore, type Engine } from "./engine";
import type { Created, ResourceType } from "./resource-type";
import type { Schema } from "./schema";
import type { Values } from "./values";

const schema: Schema = {
  build: { kind: "object", vendorOnly: true },
  forceRemove: { kind: "boolean" },
  imageId: { kind: "string", output: true },
  keepLocally: { kind: "boolean" },
  name: { kind: "string", required: true, forceNew: true },
  platform: { kind: "string", forceNew: true },
  pullTriggers: { kind: "set", forceNew: true },
  repoDigest: { kind: "string", output: true },
  triggers: { kind: "map", forceNew: true },
};

interface Inspected {
  Id: string;
  RepoDigests: string[] | null;
}

/** The path of an image reference is part of the address as it stands, slashes included. */
function imagePath(name: string): string {
  return `/images/${name.split("/").map(encodeURIComponent).join("/")}`;
}

/** The reference without its tag and digest. */
function repository(name: string): string {
  const untagged = name.split("@")[0] ?? name;
  const colon = untagged.lastIndexOf(":");
  return colon > untagged.lastIndexOf("/") ? untagged.slice(0, colon) : untagged;
}

async function pull(engine: Engine, name: string, platform: string | undefined): Promise<void> {
  const remedy = `Fetch it first with 'docker pull ${name}', or load it from a file with 'docker load'.`;
  const tagged = repository(name) === name ? `${name}:latest` : name;
  let answer: string;
  try {
    const query = { fromImage: tagged, platform };
    answer = (await engine.raw("POST", "/images/create", { query })).toString();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new Error(`The image ${name} is not on this machine and cannot be pulled: ${error.message}. ${remedy}`);
  }
  // The engine starts the answer before it knows how the pull ends; a failure comes as its last line.
  const failed = answer.split("\n").find((line) => line.includes('"error"'));
  if (!failed) return;
  const reason = (JSON.parse(failed) as { error: string }).error;
  throw new Error(`The image ${name} is not on this machine and cannot be pulled: ${reason}. ${remedy}`);
}

/** Finds an image by its name or id on the machine, or pulls it. */
export async function findImage(engine: Engine, name: string, platform?: string): Promise<Inspected> {
  const local = await engine.inspect<Inspected>(`${imagePath(name)}/json`);
  if (local) return local;
  await pull(engine, name, platform);
  return engine.call<Inspected>("GET", `${imagePath(name)}/json`);
}

function described(image: Inspected, before: Values): Created {
  const name = String(before["name"]);
  const digests = image.RepoDigests ?? [];
  const digest = digests.find((candidate) => candidate.startsWith(`${repository(name)}@`)) ?? digests[0] ?? "";
  const kept = Object.keys(schema).filter((key) => before[key] !== undefined && !schema[key]?.output);
  return {
    id: image.Id + name,
    outputs: {
      ...Object.fromEntries(kept.map((key) => [key, before[key]])),
      imageId: image.Id,
      repoDigest: digest,
    },
  };
}

export function remoteImageType(engine: Engine): ResourceType {
  async function find(inputs: Values): Promise<Created> {
    const platform = inputs["platform"] as string | undefined;
    return described(await findImage(engine, String(inputs["name"]), platform), inputs);
  }

  async function read(id: string, state: Values): Promise<Created | undefined> {
    // An import knows only the id, which is the image's id followed by its name.
    const name = String(state["name"] ?? id.replace(/^sha256:[0-9a-f]{64}/, ""));
    const found = await engine.inspect<Inspected>(`${imagePath(name)}/json`);
    return found && described(found, { ...state, name });
  }

  async function remove(_id: string, state: Values): Promise<void> {
    if (state["keepLocally"] === true) return;
    const query = { force: state["forceRemove"] === true };
    await engine.raw("DELETE", imagePath(String(state["name"])), { query }).catch(ignore(404));
  }

  return {
    token: "docker:index/remoteImage:RemoteImage",
    schema,
    stateVersion: 0,
    create: find,
    read,
    update: async (_id, _olds, news) => (await find(news)).outputs,
    delete: remove,
  };
}
