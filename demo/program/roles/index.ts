import type { Route } from "../server";
import type { Tools } from "../tools";
import { automationServices, sagaOrchestrator } from "./automation";
import { apiGateway, frontend } from "./edge";
import { llmOrchestrator } from "./llm-orchestrator";
import { platformServices } from "./platform-services";
import { airtableGateway, mcpServer } from "./tool-servers";

/** What each service of the platform does. A role registers its metrics and gives its routes. */
export const ROLES: Readonly<Record<string, (tools: Tools) => Route[]>> = {
  "api-gateway": apiGateway,
  "llm-orchestrator": llmOrchestrator,
  "mcp-server": mcpServer,
  "airtable-gateway": airtableGateway,
  "platform-services": platformServices,
  "automation-services": automationServices,
  "saga-orchestrator": sagaOrchestrator,
  frontend,
};
