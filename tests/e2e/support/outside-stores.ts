/** Real Kafka, a real store that speaks S3 and real PostgreSQL, as containers on a network of their own, known by one authority. */
import type Docker from "dockerode";
import { pack } from "tar-stream";

import { authorityCertificate, programCertificate } from "../../../components/certificates";
import { ensureDemoImages } from "../../../demo/stage/images";
import { ensureOutsideImage } from "../../../toolchain/images/outside";
import { eventually } from "./eventually";
import { docker, exec } from "./test-stack";

const ROOT = "a root of the tests";
const report = (message: string) => console.error(message);
export const BUCKET = "pyairtable-lines";

const kafkaProperties = `
process.roles=broker,controller
node.id=1
listeners=SASL_SSL://:9092,CONTROLLER://localhost:9093
advertised.listeners=SASL_SSL://kafka:9092
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_SSL
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=localhost:9093
log.dirs=/var/lib/kafka
num.partitions=3
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
ssl.keystore.type=PEM
ssl.keystore.location=/etc/kafka/server.pem
ssl.truststore.type=PEM
ssl.truststore.location=/etc/kafka/ca.pem
`;

// Nobody comes in from outside without TLS and a password.
const postgresAccess = `
host    all postgres 127.0.0.1/32 trust
hostssl all all      all          scram-sha-256
`;

type OutsideProgram = "kafka" | "objects" | "postgres";

interface Start {
  readonly image: string;
  /** Who runs it, and whose its files are. */
  readonly owner: number;
  readonly Env?: string[];
  readonly Cmd?: string[];
  /** By path; one that ends with a slash is a folder. */
  readonly files: Readonly<Record<string, string>>;
  /** Mebibytes. */
  readonly memory: number;
}

/** A user and the password of a program. */
export interface OutsideLogin {
  readonly user: string;
  readonly password: string;
}

export class OutsideStores {
  /** The certificate of who vouches for both. */
  readonly authority = authorityCertificate(ROOT);
  readonly #containers = new Map<OutsideProgram, Docker.Container>();

  private constructor(
    private readonly name: string,
    /** Name of the network. */
    readonly network: string,
  ) {}

  /** Starts all, reached as `kafka:9092`, `https://objects:9000` and `postgres:5432`. What was begun is removed when that fails. */
  static async start(
    name: string,
    logins: { readonly kafka: OutsideLogin; readonly objects: OutsideLogin; readonly postgres: OutsideLogin },
  ): Promise<OutsideStores> {
    const stores = new OutsideStores(name, `${name}-outside`);
    await docker.createNetwork({ Name: stores.network });
    try {
      await stores.#startKafka(logins.kafka);
      await stores.#startObjects(logins.objects);
      await stores.#startPostgres(logins.postgres);
      return stores;
    } catch (error) {
      await stores.remove();
      throw error;
    }
  }

  container(program: OutsideProgram): Docker.Container {
    return this.#containers.get(program) as Docker.Container;
  }

  /** Files in the bucket, by path. */
  async objects(): Promise<string[]> {
    const { output } = await exec(`${this.name}-objects`, ["find", `/data/${BUCKET}`, "-type", "f"]);
    return output.split(/\r?\n/).filter((line) => line !== "");
  }

  async remove(): Promise<void> {
    for (const container of this.#containers.values()) await container.remove({ force: true, v: true });
    await docker.getNetwork(this.network).remove();
  }

  async #startKafka({ user, password }: OutsideLogin): Promise<void> {
    const { certificate, key } = programCertificate(ROOT, "kafka", ["kafka"]);
    const jaas = `org.apache.kafka.common.security.scram.ScramLoginModule required username="${user}" password="${password}";`;
    const login = `listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=${jaas}\n`;
    await this.#run("kafka", {
      image: await ensureOutsideImage(docker, "kafka", report),
      owner: 1000,
      Env: [`KAFKA_USER=${user}`, `KAFKA_PASSWORD=${password}`],
      files: {
        "etc/kafka/server.properties": kafkaProperties + login,
        "etc/kafka/server.pem": `${key}\n${certificate}`,
        "etc/kafka/ca.pem": this.authority,
      },
      memory: 768,
    });
  }

  async #startObjects({ user, password }: OutsideLogin): Promise<void> {
    const { certificate, key } = programCertificate(ROOT, "objects", ["objects"]);
    const tls = ["--cert", "/etc/objects/tls.crt", "--key", "/etc/objects/tls.key"];
    await this.#run("objects", {
      image: await ensureOutsideImage(docker, "objects", report),
      owner: 1000,
      Env: [`ROOT_ACCESS_KEY=${user}`, `ROOT_SECRET_KEY=${password}`],
      Cmd: ["--port", ":9000", "--region", "us-east-1", ...tls, "posix", "--sidecar", "/metadata", "/data"],
      files: { "etc/objects/tls.crt": certificate, "etc/objects/tls.key": key, [`data/${BUCKET}/`]: "" },
      memory: 256,
    });
  }

  async #startPostgres({ user, password }: OutsideLogin): Promise<void> {
    const { certificate, key } = programCertificate(ROOT, "postgres", ["postgres"]);
    const folder = "/etc/postgres";
    const options = {
      ssl: "on",
      ssl_cert_file: `${folder}/tls.crt`,
      ssl_key_file: `${folder}/tls.key`,
      hba_file: `${folder}/access`,
    };
    await this.#run("postgres", {
      image: (await ensureDemoImages(docker, report)).postgres,
      owner: 999,
      Env: ["POSTGRES_HOST_AUTH_METHOD=trust", "PGDATA=/tmp/data"],
      Cmd: ["postgres", ...Object.entries(options).flatMap(([key, value]) => ["-c", `${key}=${value}`])],
      files: {
        "tmp/": "",
        "etc/postgres/tls.crt": certificate,
        "etc/postgres/tls.key": key,
        "etc/postgres/access": postgresAccess,
      },
      memory: 256,
    });
    const role = `CREATE ROLE "${user}" LOGIN PASSWORD '${password}' IN ROLE pg_monitor`;
    const psql = ["psql", "-h", "127.0.0.1", "-U", "postgres", "-c", role];
    await eventually("PostgreSQL", async () => {
      const { code, output } = await exec(`${this.name}-postgres`, psql);
      if (code !== 0) throw new Error(output);
      return true;
    });
  }

  async #run(program: OutsideProgram, { image, owner, files, memory, ...options }: Start): Promise<void> {
    const container = await docker.createContainer({
      ...options,
      name: `${this.name}-${program}`,
      Image: image,
      HostConfig: { Memory: memory * 2 ** 20, NetworkMode: this.network },
      NetworkingConfig: { EndpointsConfig: { [this.network]: { Aliases: [program] } } },
    });
    this.#containers.set(program, container);
    const archive = pack();
    for (const [name, content] of Object.entries(files)) {
      const type = name.endsWith("/") ? "directory" : "file";
      archive.entry({ name, type, mode: type === "directory" ? 0o755 : 0o400, uid: owner, gid: owner }, content);
    }
    archive.finalize();
    await container.putArchive(archive as unknown as NodeJS.ReadableStream, { path: "/" });
    await container.start();
  }
}
