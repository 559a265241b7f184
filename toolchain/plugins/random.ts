/** The `random` plugin. */
import { randomPassword } from "./random-password";
import type { Plugin } from "./server";

export const random: Plugin = { name: "random", version: "4.21.2", types: () => [randomPassword] };
