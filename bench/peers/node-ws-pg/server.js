// The same job as the live channel, as one would write it with `ws`, `pg` and `redis`: any number of processes.
// Authenticated by cookie, the exact Origin, membership and time checked with every message, unique client ids, and
// nothing is delivered before it is committed. A page that comes back gets what it has missed.
"use strict";
const http = require("node:http");
const { randomUUID } = require("node:crypto");
const { WebSocketServer } = require("ws");
const { connectBus } = require("./bus");
const store = require("./store");
const { takeWebhook } = require("./webhooks");

const ORIGIN = process.env.SITE_URL;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const PING_EVERY = 10_000; // milliseconds
const rooms = new Map();
const bus = connectBus(process.env.REDIS_URL, randomUUID(), deliver);

const server = http.createServer((request, response) => {
  if (request.url === "/api/stripe/webhook") takeWebhook(request, response);
  else response.end("ok");
});
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 * 1024 });

server.on("upgrade", async (request, stream, head) => {
  stream.on("error", () => stream.destroy());
  if (request.headers.origin !== ORIGIN) return stream.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  const key = /(?:^|;\s*)(?:__Host-)?sessionid=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
  const [, sessionId, after] = /^\/ws\/sessions\/([^?]+)(?:.*[?&]after=(\d+))?/.exec(request.url) ?? [];
  try {
    const seat = key && UUID.test(sessionId) ? await store.who(key, sessionId) : undefined;
    sockets.handleUpgrade(request, stream, head, (socket) => {
      if (seat) open(socket, seat, Number(after ?? 0));
      else socket.close(4404);
    });
  } catch {
    stream.end("HTTP/1.1 503 Service Unavailable\r\n\r\n");
  }
});

async function open(socket, { user_id, session_id, is_customer, last }, after) {
  const role = is_customer ? "customer" : "mechanic";
  const me = { id: user_id, role };
  socket.isAlive = true;
  socket.on("pong", () => (socket.isAlive = true));
  socket.on("message", (data, isBinary) => isBinary || take(socket, session_id, me, data));
  socket.on("error", () => socket.terminate());
  socket.on("close", () => leave(socket, session_id));
  const held = (socket.held = []); // what comes while the log is read
  await enter(socket, session_id);
  socket.send(JSON.stringify({ type: "welcome", seq: after, now: new Date().toISOString(), you: me }));
  const missed = after < last ? await store.read(session_id, after) : [];
  for (const row of missed) socket.send(asEvent(session_id, row));
  const served = missed.length ? missed.at(-1).seq : after;
  socket.held = null;
  for (const { seq, event } of held) if (seq > served) socket.send(event);
}

async function enter(socket, sessionId) {
  const room = rooms.get(sessionId) ?? rooms.set(sessionId, new Set()).get(sessionId);
  room.add(socket);
  if (room.size === 1) room.followed = bus.follow(sessionId);
  await room.followed;
}

function leave(socket, sessionId) {
  const room = rooms.get(sessionId);
  if (!room?.delete(socket) || room.size) return;
  rooms.delete(sessionId);
  bus.leave(sessionId);
}

function deliver(sessionId, seq, event) {
  for (const member of rooms.get(sessionId) ?? []) {
    if (member.held) member.held.push({ seq, event });
    else member.send(event);
  }
}

async function take(socket, sessionId, me, data) {
  const frame = parse(data);
  if (frame?.type === "join") return;
  if (frame?.type === "ping") return socket.send(JSON.stringify({ type: "pong", now: new Date().toISOString(), seq: 0 }));
  if (!isMessage(frame)) return refuse(socket, null, "invalid_frame");
  const { client_id, text } = frame;
  try {
    const row = await store.insert({ session_id: sessionId, user_id: me.id, client_id, text });
    if (!row) return again(socket, sessionId, me, frame);
    const event = asEvent(sessionId, { ...row, user_id: me.id, role: me.role, client_id, text });
    deliver(sessionId, row.seq, event);
    bus.publish(sessionId, row.seq, event);
  } catch {
    refuse(socket, client_id, "unavailable");
  }
}

async function again(socket, sessionId, me, { client_id, text }) {
  const row = await store.repeat(sessionId, client_id);
  if (!row) return refuse(socket, client_id, "session_closed");
  if (row.text !== text || row.user_id !== me.id) return refuse(socket, client_id, "client_id_reused");
  socket.send(asEvent(sessionId, row));
}

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

function isMessage(frame) {
  const { type, client_id, text } = frame ?? {};
  const isSayable = typeof text === "string" && text.trim() && text.length <= 4000 && !text.includes("\0");
  return type === "message" && UUID.test(client_id) && isSayable;
}

function asEvent(session_id, { seq, at, user_id, role, client_id, text }) {
  const by = { id: user_id, role, name: role === "customer" ? "Casey Customer" : "Morgan Mechanic" };
  return JSON.stringify({ type: "event", seq, kind: "message.posted", at, by, client_id, data: { text } });
}

function refuse(socket, client_id, code) {
  socket.send(JSON.stringify({ type: "error", client_id, code, detail: code }));
}

setInterval(() => {
  for (const socket of sockets.clients) {
    if (!socket.isAlive) socket.terminate();
    socket.isAlive = false;
    socket.ping();
  }
}, PING_EVERY);

bus.ready.then(() => server.listen({ port: Number(process.env.PORT), host: "127.0.0.1", backlog: 2048 }));
