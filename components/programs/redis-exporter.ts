import { images } from "../images";
import { SERVICES, type Workload } from "../platform/workload";
import type { Settings } from "../settings/settings";
import { serviceAddress } from "./addresses";
import { goHeap } from "./limits";

const PORT = 9121;
const DIRECTORY = "/etc/redis-exporter";

/** Redis exporter for the platform's Redis. Its password file is a JSON map from address to password. */
export function redisExporter(settings: Settings): Workload {
  const { address, password } = settings.redis;
  const url = `redis://${serviceAddress(settings, address)}`;
  return {
    name: "redis-exporter",
    image: images.redisExporter,
    env: {
      ...goHeap(settings.resources["redis-exporter"]),
      REDIS_ADDR: url,
      ...(password ? { REDIS_PASSWORD_FILE: `${DIRECTORY}/passwords.json` } : {}),
    },
    ...(password
      ? {
          files: {
            directory: DIRECTORY,
            entries: [
              {
                path: "passwords.json",
                content: password.apply((text) => JSON.stringify({ [url]: text })),
                secret: true,
              },
            ],
          },
        }
      : {}),
    ports: [{ name: "http", number: PORT, reach: { from: "peers" } }],
    metrics: { port: PORT, path: "/metrics" },
    resources: settings.resources["redis-exporter"],
    health: { path: "/health", port: PORT, check: "outside", startupSeconds: 30 },
    placement: { kind: "single" },
    runsAs: { uid: 59_000, gid: 59_000 },
    talksTo: [SERVICES],
  };
}
