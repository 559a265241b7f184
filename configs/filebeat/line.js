// What a line of a log says: its level, its trace, its request. Filebeat runs this on every line (JavaScript 5.1), before either
// output, so that documents are the same with Logstash and without.

var LEVELS = {
  trace: "trace",
  verbose: "trace",
  10: "trace",
  debug: "debug",
  20: "debug",
  info: "info",
  information: "info",
  log: "info",
  notice: "info",
  30: "info",
  warn: "warn",
  warning: "warn",
  40: "warn",
  error: "error",
  err: "error",
  50: "error",
  fatal: "fatal",
  critical: "fatal",
  crit: "fatal",
  alert: "fatal",
  emerg: "fatal",
  panic: "fatal",
  60: "fatal",
};

// A level where a logger writes one: after `level=`, or by its name at the start of the line, after a time, or after a logger's
// name between hyphens.
var FIELD_LEVEL = /(?:^|[\s,{["])(?:level|lvl|severity)"?[=:]\s*"?([a-z]+)/i;
var NAMED_LEVEL =
  /^[-\d\s[\](){}.,:/+|TUZC]*(?:-\s+[\w.-]+\s+-\s+)?[[(]?(trace|debug|info|log|notice|warn|warning|err|error|critical|fatal|panic)(?:[\s\])}>|:,]|$)/i;

var TRACE_ID = /\btrace[._-]?id"?[=:]\s*"?([0-9a-f]{16,32})\b/i;
var SPAN_ID = /\bspan[._-]?id"?[=:]\s*"?([0-9a-f]{16})\b/i;

// `"GET /path HTTP/1.1" 200`, as web servers write a request.
var REQUEST = /"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) ([^\s"?]+)[^"]*" (\d{3})\b/;

// What must not be kept: the value of an authorization header, of a field whose name says that it is a secret, the platform's
// tokens wherever they stand, and the name in an address of mail.
var REDACTIONS = [
  [/(\b(?:proxy-)?authorization\\?["']?\s*[=:]\s*\\?["']?(?:(?:bearer|basic|token)\s+)?)[^\s"',\\]+/gi, "$1[redacted]"],
  [
    /(\b[\w-]*(?:password|passwd|secret|api[_-]?key|access[_-]?token|refresh[_-]?token)\\?["']?\s*[=:]\s*\\?["']?)[^\s"',&\\]+/gi,
    "$1[redacted]",
  ],
  [/\bbearer\s+[\w.~+/-]{16,}=*/gi, "Bearer [redacted]"],
  [/\b(?:pat[A-Za-z0-9]{14}\.[0-9a-f]{64}|key[A-Za-z0-9]{14}|sk-[\w-]{20,})\b/g, "[redacted]"],
  [/[\w.+-]+@((?:[\w-]+\.)+[a-z]{2,})/gi, "[redacted]@$1"],
];

function redact(text) {
  for (var i = 0; i < REDACTIONS.length; i++) text = text.replace(REDACTIONS[i][0], REDACTIONS[i][1]);
  return text;
}

var SECRET_NAME = /authorization|password|passwd|secret|api[_-]?key|access[_-]?token|refresh[_-]?token|cookie/i;
var DEEPEST = 8;

// A copy of a JSON value without what must not be kept.
function redacted(value, depth) {
  if (typeof value === "string") return redact(value);
  if (value === null || typeof value !== "object") return value;
  if (depth > DEEPEST) return "[too deep]";
  if (Array.isArray(value))
    return value.map(function (entry) {
      return redacted(entry, depth + 1);
    });
  var copy = {};
  Object.keys(value).forEach(function (name) {
    copy[name] = SECRET_NAME.test(name) ? "[redacted]" : redacted(value[name], depth + 1);
  });
  return copy;
}

function parsed(text) {
  var value = null;
  try {
    if (text.charAt(0) === "{") value = JSON.parse(text);
    // eslint-disable-next-line @typescript-eslint/no-unused-vars -- this JavaScript knows no catch without a name
  } catch (notJson) {
    return null;
  }
  return value;
}

// The first of some members of an object that is a text or a number.
function pick(object, names) {
  for (var i = 0; i < names.length; i++) {
    var value = object[names[i]];
    if (typeof value === "string" || typeof value === "number") return String(value);
  }
  return "";
}

function match(text, pattern) {
  var found = pattern.exec(text);
  return found ? found[1] : "";
}

function levelOf(fields, text) {
  var level = fields ? pick(fields, ["level", "severity", "levelname", "lvl", "log.level"]) : "";
  if (level === "") level = match(text, FIELD_LEVEL) || match(text, NAMED_LEVEL);
  return LEVELS[level.toLowerCase()] || "unknown";
}

// Milliseconds or seconds, by the name of the member; nanoseconds in the document.
function durationOf(fields) {
  var milliseconds = parseFloat(pick(fields, ["duration_ms", "elapsed_ms", "responseTime", "latency_ms"]));
  if (isNaN(milliseconds)) milliseconds = parseFloat(pick(fields, ["duration_seconds", "duration_s"])) * 1000;
  return isNaN(milliseconds) ? 0 : Math.round(milliseconds * 1000000);
}

function put(event, name, value) {
  if (value !== "" && value !== undefined && value !== 0) event.Put(name, value);
}

// The request that a line tells of, in the form of a web server or by its members.
function requestOf(event, fields, text) {
  var found = REQUEST.exec(text);
  var members = fields || {};
  var method = found ? found[1] : pick(members, ["method", "http_method", "http.request.method"]);
  if (!/^[A-Z]{3,7}$/.test(method)) return;
  var path = found ? found[2] : pick(members, ["path", "url_path", "url.path"]);
  var status = found ? found[3] : pick(members, ["status", "status_code", "http.response.status_code"]);
  put(event, "http.request.method", method);
  put(event, "url.path", redact(path.split("?")[0]));
  if (/^[1-5]\d\d$/.test(status)) put(event, "http.response.status_code", Number(status));
}

function errorOf(event, fields) {
  var trace = pick(fields, ["exc_info", "exception", "stack", "stack_trace", "error.stack_trace"]);
  put(event, "error.type", pick(fields, ["exc_type", "error_type", "error.type"]));
  put(event, "error.stack_trace", redact(trace));
}

// eslint-disable-next-line @typescript-eslint/no-unused-vars -- Filebeat calls it
function process(event) {
  var raw = event.Get("message");
  if (typeof raw !== "string") return;
  raw = raw.replace(/\s+$/, "");
  var fields = parsed(raw);
  put(event, "log.level", levelOf(fields, raw));
  put(event, "trace.id", match(raw, TRACE_ID).toLowerCase());
  put(event, "span.id", match(raw, SPAN_ID).toLowerCase());
  requestOf(event, fields, raw);
  var message = raw;
  if (fields) {
    put(event, "log.logger", pick(fields, ["logger", "logger_name", "log.logger"]));
    put(event, "event.duration", durationOf(fields));
    errorOf(event, fields);
    // All members of the line: one field of the index, in which each can be searched.
    event.Put("attributes", redacted(fields, 0));
    message = pick(fields, ["message", "msg", "event"]) || raw;
  }
  event.Put("message", redact(message));
}
