// The same job as the live channel, as one would write it with `ws` and `pg`: one process, one insert a message.
// Authenticated by cookie, the exact Origin, membership and time checked with every insert, unique client ids, and
// nothing is delivered before it is committed.
"use strict";
const http = require("node:http");
const { Pool } = require("pg");
const { WebSocketServer } = require("ws");

const ORIGIN = process.env.SITE_URL;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
const rooms = new Map();

const WHO = {
  name: "who",
  text:
    "SELECT c.user_id, s.id AS session_id, (s.customer_id = c.user_id) AS is_customer " +
    "FROM peer.cookie c JOIN peer.session s ON c.user_id IN (s.customer_id, s.mechanic_id) " +
    "WHERE c.key = $1 AND c.expires_at > now() AND s.id = $2",
};
const INSERT = {
  name: "insert",
  text:
    "INSERT INTO peer.message (session_id, user_id, client_id, text) " +
    "SELECT s.id, $2, $3, $4 FROM peer.session s WHERE s.id = $1 AND $2 IN (s.customer_id, s.mechanic_id) " +
    "AND s.state = 'live' AND clock_timestamp() < s.ends_at " +
    "ON CONFLICT (session_id, client_id) DO NOTHING RETURNING seq, at",
};
const REPEAT = {
  name: "repeat",
  text: "SELECT seq, at, text, user_id FROM peer.message WHERE session_id = $1 AND client_id = $2",
};

const server = http.createServer((request, response) => response.end("ok"));
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 * 1024 });

server.on("upgrade", async (request, stream, head) => {
  if (request.headers.origin !== ORIGIN) return stream.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  const key = /(?:^|;\s*)(?:__Host-)?sessionid=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
  const sessionId = /^\/ws\/sessions\/([^?]+)/.exec(request.url)?.[1];
  const found = key && UUID.test(sessionId) ? await pool.query({ ...WHO, values: [key, sessionId] }) : { rows: [] };
  sockets.handleUpgrade(request, stream, head, (socket) => {
    if (!found.rows.length) return socket.close(4404);
    open(socket, found.rows[0]);
  });
});

function open(socket, { user_id, session_id, is_customer }) {
  const role = is_customer ? "customer" : "mechanic";
  const me = { id: user_id, role, name: is_customer ? "Casey Customer" : "Morgan Mechanic" };
  const room = rooms.get(session_id) ?? rooms.set(session_id, new Set()).get(session_id);
  room.add(socket);
  socket.on("message", (data, isBinary) => isBinary || take(socket, room, session_id, me, data));
  socket.on("error", () => socket.terminate());
  socket.on("close", () => room.delete(socket) && room.size === 0 && rooms.delete(session_id));
  socket.send(JSON.stringify({ type: "welcome", seq: 0, now: new Date().toISOString(), you: { id: user_id, role } }));
}

async function take(socket, room, sessionId, me, data) {
  const frame = parse(data);
  if (!frame) return refuse(socket, null, "invalid_frame");
  const { client_id, text } = frame;
  try {
    const done = await pool.query({ ...INSERT, values: [sessionId, me.id, client_id, text] });
    if (!done.rows.length) return again(socket, sessionId, me, frame);
    const event = asEvent(done.rows[0], me, client_id, text);
    for (const member of room) member.send(event);
  } catch {
    refuse(socket, client_id, "unavailable");
  }
}

async function again(socket, sessionId, me, { client_id, text }) {
  const { rows } = await pool.query({ ...REPEAT, values: [sessionId, client_id] });
  if (!rows.length) return refuse(socket, client_id, "session_closed");
  if (rows[0].text !== text || rows[0].user_id !== me.id) return refuse(socket, client_id, "client_id_reused");
  socket.send(asEvent(rows[0], me, client_id, text));
}

function parse(data) {
  try {
    const frame = JSON.parse(data);
    const sayable = typeof frame.text === "string" && frame.text.trim() && frame.text.length <= 4000;
    return frame.type === "message" && UUID.test(frame.client_id) && sayable && !frame.text.includes("\0") ? frame : null;
  } catch {
    return null;
  }
}

function asEvent({ seq, at }, by, client_id, text) {
  return JSON.stringify({ type: "event", seq: Number(seq), kind: "message.posted", at, by, client_id, data: { text } });
}

function refuse(socket, client_id, code) {
  socket.send(JSON.stringify({ type: "error", client_id, code, detail: code }));
}

server.listen(Number(process.env.PORT), "127.0.0.1");
