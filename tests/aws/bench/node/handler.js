// What the ingest function does, as a Node developer would write it: verify a delivery of GitHub's,
// put it on the bus, answer. The contract is that of crates/ingest and crates/event.
import { createHmac, timingSafeEqual } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

const SECRETS_LIVE_MS = 5 * 60_000;
const SECRETS_REREAD_MS = 60_000;
const GIVE_UP_MS = 8_000; // GitHub waits ten seconds

const busName = process.env.OCTOLAKE_BUS_NAME;
const secretArns = process.env.OCTOLAKE_SECRET_ARNS.split(",");
const inlineLimit = Number(process.env.OCTOLAKE_INLINE_LIMIT ?? 950_000);

const requestHandler = { connectionTimeout: 1_000, requestTimeout: 2_500 };
const bus = new EventBridgeClient({ requestHandler });
const secretsManager = new SecretsManagerClient({ requestHandler });
let secrets = { values: [], readAt: -Infinity };

class Rejection extends Error {
  constructor(status, message, headers = {}) {
    super(message);
    Object.assign(this, { status, headers });
  }
}

const json = (statusCode, body, headers = {}) => ({
  statusCode,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
  isBase64Encoded: false,
});

const log = (level, message, fields) =>
  console.log(JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...fields }));

async function readSecret(SecretId, VersionStage) {
  try {
    const got = await secretsManager.send(new GetSecretValueCommand({ SecretId, VersionStage }));
    return (got.SecretString ?? Buffer.from(got.SecretBinary).toString()).replace(/\r?\n$/, "");
  } catch (error) {
    if (error.name === "ResourceNotFoundException" && VersionStage === "AWSPREVIOUS") return null;
    throw error;
  }
}

async function readSecrets(olderThanMs) {
  if (Date.now() - secrets.readAt < olderThanMs) return;
  const stages = secretArns.flatMap((arn) => ["AWSCURRENT", "AWSPREVIOUS"].map((stage) => [arn, stage]));
  const values = await Promise.all(stages.map(([arn, stage]) => readSecret(arn, stage)));
  secrets = { values: values.filter(Boolean), readAt: Date.now() };
}

function isSigned(body, signature = "") {
  const given = Buffer.from(/^sha256=([0-9a-f]{64})$/i.exec(signature)?.[1] ?? "", "hex");
  return given.length === 32 && secrets.values.some((secret) => timingSafeEqual(createHmac("sha256", secret).update(body).digest(), given));
}

async function verifySignature(body, signature) {
  await readSecrets(SECRETS_LIVE_MS);
  if (isSigned(body, signature)) return;
  await readSecrets(SECRETS_REREAD_MS); // it may have been replaced
  if (!isSigned(body, signature)) throw new Rejection(401, "the signature is missing or wrong");
}

function payloadOf(body, contentType = "") {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  const type = contentType.split(";")[0].trim().toLowerCase();
  return type === "application/json" ? text : new URLSearchParams(text).get("payload");
}

function checkHeaders(headers) {
  const type = (headers["content-type"] ?? "").split(";")[0].trim().toLowerCase();
  if (!["application/json", "application/x-www-form-urlencoded"].includes(type))
    throw new Rejection(415, "the content type must be application/json or application/x-www-form-urlencoded");
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(headers["x-github-event"] ?? ""))
    throw new Rejection(400, "the X-GitHub-Event header is missing, or is no event type");
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(headers["x-github-delivery"] ?? ""))
    throw new Rejection(400, "the X-GitHub-Delivery header is missing, or is no GUID");
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i.test(headers["x-github-enterprise-host"] ?? "github.com"))
    throw new Rejection(400, "the X-GitHub-Enterprise-Host header is no host name");
}

function parseObject(body, headers) {
  let text, value;
  try {
    text = payloadOf(body, headers["content-type"]);
  } catch {
    throw new Rejection(400, "the payload is not UTF-8");
  }
  if (text === null) throw new Rejection(400, "the form has no field named payload");
  try {
    value = JSON.parse(text);
  } catch {
    throw new Rejection(400, "the payload is not JSON");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Rejection(400, "the payload is no JSON object");
  return { text, value };
}

/** The payload's own text with `_delivery` in front, on one line. */
function detailOf(meta, text) {
  const inner = text.trim().slice(1).trimStart().replace(/[\0-\x1f]/g, " ");
  return `{"_delivery":${JSON.stringify(meta)}${inner === "}" ? "" : ","}${inner}`;
}

async function put(entry) {
  const ends = Date.now() + GIVE_UP_MS;
  for (let pause = 100; ; pause *= 2) {
    const { FailedEntryCount, Entries } = await bus.send(new PutEventsCommand({ Entries: [entry] }));
    if (!FailedEntryCount) return;
    if (Date.now() + pause > ends) throw new Error(`the bus refused the entry: ${Entries[0].ErrorCode}`);
    await sleep(pause * (0.5 + Math.random() / 2));
  }
}

async function take(headers, body) {
  const receivedAt = new Date().toISOString();
  await verifySignature(body, headers["x-hub-signature-256"]);
  checkHeaders(headers);
  const payload = parseObject(body, headers);
  const [id, event] = [headers["x-github-delivery"].toLowerCase(), headers["x-github-event"]];
  const meta = {
    id,
    received_at: receivedAt,
    hook_id: headers["x-github-hook-id"],
    target_type: headers["x-github-hook-installation-target-type"],
    target_id: headers["x-github-hook-installation-target-id"],
  };
  let Detail = detailOf(meta, payload.text);
  if (Buffer.byteLength(Detail) > inlineLimit) {
    const { claimCheck } = await import("./large.js"); // seldom needed: not at the start
    Detail = await claimCheck(meta, payload);
  }
  const Source = headers["x-github-enterprise-host"] ?? "github.com";
  await put({ Source, DetailType: event, Detail, EventBusName: busName });
  const status = event === "ping" ? 200 : 202;
  log("INFO", "answered", { delivery: id, event, status });
  return json(status, { status: "accepted", delivery: id });
}

async function route({ rawPath, requestContext, headers, body = "", isBase64Encoded }) {
  const { method } = requestContext.http;
  const allow = { "/health": "GET, HEAD", "/": "POST", "/webhook": "POST" }[rawPath];
  if (!allow) throw new Rejection(404, "there is nothing at this path: deliveries go to /webhook");
  if (!allow.split(", ").includes(method)) throw new Rejection(405, `this path takes ${allow} only`, { allow });
  if (rawPath === "/health") return json(200, { status: "ok" });
  return take(headers, Buffer.from(body, isBase64Encoded ? "base64" : "utf8"));
}

export async function handler(event) {
  try {
    return await route(event);
  } catch (error) {
    const delivery = event.headers["x-github-delivery"];
    if (error instanceof Rejection) {
      log("INFO", "refused a delivery", { delivery, status: error.status, reason: error.message });
      return json(error.status, { error: error.message }, error.headers);
    }
    log("ERROR", "did not store a delivery", { delivery, error: String(error) });
    return json(503, { error: "the delivery could not be stored, and is not accepted: deliver it again" }, { "retry-after": "5" });
  }
}
