/* global require */
/* eslint-disable @typescript-eslint/no-require-imports -- the engine loads a policy pack as CommonJS */

// It also puts a TypeScript loader of its own in front, whatever PulumiPolicy.yaml says; this one takes its place.
require("tsx/cjs");

const { PolicyPack } = require("@pulumi/policy");
const { policies } = require("./pack.ts");

new PolicyPack("pyairtable-monitoring", { enforcementLevel: "mandatory", policies });
