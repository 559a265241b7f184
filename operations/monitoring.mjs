#!/usr/bin/env node
import "tsx";

await import("./monitoring.ts");
