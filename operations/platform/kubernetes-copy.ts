import { PassThrough, type Readable } from "node:stream";

import type { ClusterApi } from "./kubernetes-api";
import { runIn, type Ending, type Running } from "./kubernetes-exec";
import { withWaitingHelper, type HelperOptions } from "./kubernetes-helper";

type Volume = Omit<HelperOptions, "script">;

/** Bytes that are sent at a time. */
const PIECE = 2 ** 20;

/**
 * Reads pieces from standard input, each after a line with its length, and hands them on until a length of 0. The protocol can
 * not end a command's input, and tar reads on after its last block.
 */
const FRAMED = `while read -r length && [ "$length" -gt 0 ]; do dd bs="$length" count=1 iflag=fullblock 2>/dev/null || exit 1; done`;

/** A volume's content as a tar stream. */
export function readVolume(api: ClusterApi, volume: Volume): Readable {
  const content = new PassThrough();
  const copied = withWaitingHelper(api, { ...volume, readOnly: true }, async (target) => {
    const running = await runIn(api, target, ["tar", "-C", "/data", "-cf", "-", "."]);
    content.once("close", () => running.close());
    running.stdout.pipe(content, { end: false });
    const { succeeded, errors, reason } = await running.ended;
    if (!succeeded) throw new Error(`the copy of ${volume.claim} broke off: ${errors.trim() || reason}`);
    if (!running.stdout.readableEnded) await new Promise((resolve) => running.stdout.once("end", resolve));
  });
  copied.then(
    () => content.end(),
    (error: Error) => content.destroy(error),
  );
  return content;
}

/** Unpacks a tar stream into a folder of a volume. What is unpacked belongs to the user that the helper runs as. */
export async function writeVolume(api: ClusterApi, volume: Volume, folder: string, tar: Readable): Promise<void> {
  await withWaitingHelper(api, volume, async (target) => {
    const script = `cd "/data/$0" && { ${FRAMED}; } | tar -xof -`;
    const running = await runIn(api, target, ["sh", "-c", script, folder]);
    const { succeeded, errors, reason } = await fed(running, tar);
    if (!succeeded) throw new Error(`unpacking into ${volume.claim} failed: ${errors.trim() || reason}`);
  });
}

async function fed(running: Running, content: Readable): Promise<Ending> {
  let isOver = false;
  void running.ended.then(() => (isOver = true));
  running.stdout.resume();
  for await (const chunk of content) {
    for (const piece of pieces(chunk as Buffer)) {
      if (isOver) return running.ended;
      await running.write(framed(piece));
    }
  }
  if (!isOver) await running.write(Buffer.from("0\n"));
  return running.ended;
}

function pieces(chunk: Buffer): Buffer[] {
  const count = Math.ceil(chunk.length / PIECE);
  return Array.from({ length: count }, (_, index) => chunk.subarray(index * PIECE, (index + 1) * PIECE));
}

/** A piece, after its length in a line of its own. */
function framed(piece: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length}\n`), piece]);
}
