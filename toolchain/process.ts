import { readFileSync } from "node:fs";

/** Whether a process of that id runs. One that has ended and that its parent has not asked about yet does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    // No /proc on this system, or the process ended just now, which the next look tells.
    return true;
  }
}
