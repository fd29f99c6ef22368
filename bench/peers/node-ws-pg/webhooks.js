// Stripe's webhooks: the signature is checked, the event is kept once, and then answered.
"use strict";
const { createHmac, timingSafeEqual } = require("node:crypto");
const { keepEvent } = require("./store");

const SECRET = process.env.STRIPE_WEBHOOK_SECRET;
const MOST_BYTES = 512 * 1024;
const MOST_SECONDS = 300;

exports.takeWebhook = async function takeWebhook(request, response) {
  try {
    const body = await read(request);
    const isGenuine = isSigned(body, request.headers["stripe-signature"] ?? "");
    if (isGenuine) await keepEvent(JSON.parse(body));
    response.writeHead(isGenuine ? 200 : 400, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ received: isGenuine }));
  } catch {
    response.writeHead(503).end();
  }
};

async function read(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > MOST_BYTES) throw new Error("too large");
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function isSigned(body, header) {
  const [, at, given] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  if (!at || Math.abs(Date.now() / 1000 - at) > MOST_SECONDS) return false;
  const right = createHmac("sha256", SECRET).update(`${at}.${body}`).digest();
  return timingSafeEqual(right, Buffer.from(given, "hex"));
}
