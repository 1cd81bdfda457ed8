// A payload too large for the bus: its body to S3, and in its place what rules match.
// A bundle of its own, since S3's client is the largest part and a start seldom needs it.
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

const OBJECTS = ["enterprise", "installation", "organization", "repository", "sender"];
const MEMBERS = ["id", "login", "name"];
const [, bucket, prefix] = process.env.OCTOLAKE_LARGE_URL.match(/^s3:\/\/([^/]+)\/?(.*?)\/?$/);
const s3 = new S3Client({ requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_500 } });

const isShort = (value) => value === null || (typeof value !== "object" && String(value).length <= 1_024);

function summaryOf(payload) {
  const kept = "action" in payload && isShort(payload.action) ? { action: payload.action } : {};
  for (const name of OBJECTS) {
    const object = payload[name] ?? {};
    const members = MEMBERS.filter((member) => member in Object(object) && isShort(object[member]));
    if (members.length) kept[name] = Object.fromEntries(members.map((member) => [member, object[member]]));
  }
  return kept;
}

export async function claimCheck(meta, { text, value }) {
  const body = Buffer.from(text);
  const key = `large/${meta.received_at.slice(0, 10).replaceAll("-", "/")}/${meta.id}.json.gz`;
  const object = { Bucket: bucket, Key: prefix ? `${prefix}/${key}` : key, IfNoneMatch: "*", ContentType: "application/gzip" };
  try {
    await s3.send(new PutObjectCommand({ ...object, Body: await promisify(gzip)(body, { level: 1 }) }));
  } catch (error) {
    if (error.$metadata?.httpStatusCode !== 412) throw error; // it is there already
  }
  const sha256 = createHash("sha256").update(body).digest("hex");
  const large = { key, bytes: body.length, sha256 };
  return JSON.stringify({ _delivery: { ...meta, large }, ...summaryOf(value) });
}
