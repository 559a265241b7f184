/** Real Kafka and a real store that speaks S3, as containers on a network of their own, known by one authority. */
import type Docker from "dockerode";
import { pack } from "tar-stream";

import { authorityCertificate, programCertificate } from "../../../components/certificates";
import { ensureOutsideImage, type OutsideProgram } from "../../../toolchain/images/outside";
import { docker, exec } from "./test-stack";

const ROOT = "a root of the tests";
const OWNER = { uid: 1000, gid: 1000 };
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

  /** Starts both, reached as `kafka:9092` and `https://objects:9000`. What was begun is removed when that fails. */
  static async start(name: string, kafka: OutsideLogin, objects: OutsideLogin): Promise<OutsideStores> {
    const stores = new OutsideStores(name, `${name}-outside`);
    await docker.createNetwork({ Name: stores.network });
    try {
      await stores.#startKafka(kafka);
      await stores.#startObjects(objects);
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
      Env: [`ROOT_ACCESS_KEY=${user}`, `ROOT_SECRET_KEY=${password}`],
      Cmd: ["--port", ":9000", "--region", "us-east-1", ...tls, "posix", "--sidecar", "/metadata", "/data"],
      files: { "etc/objects/tls.crt": certificate, "etc/objects/tls.key": key, [`data/${BUCKET}/`]: "" },
      memory: 256,
    });
  }

  async #run(
    program: OutsideProgram,
    options: { Env: string[]; Cmd?: string[]; files: Record<string, string>; memory: number },
  ): Promise<void> {
    const { Env, Cmd, files, memory } = options;
    const container = await docker.createContainer({
      name: `${this.name}-${program}`,
      Image: await ensureOutsideImage(docker, program, (message) => console.error(message)),
      Env,
      ...(Cmd === undefined ? {} : { Cmd }),
      HostConfig: { Memory: memory * 2 ** 20, NetworkMode: this.network },
      NetworkingConfig: { EndpointsConfig: { [this.network]: { Aliases: [program] } } },
    });
    this.#containers.set(program, container);
    const archive = pack();
    for (const [name, content] of Object.entries(files)) {
      const type = name.endsWith("/") ? "directory" : "file";
      archive.entry({ name, type, mode: type === "directory" ? 0o755 : 0o400, ...OWNER }, content);
    }
    archive.finalize();
    await container.putArchive(archive as unknown as NodeJS.ReadableStream, { path: "/" });
    await container.start();
  }
}
