// The database. COMMIT says how messages are written: `single`, a statement and commit for each, by a pool; or `group`:
// while one commit is under way, all messages that come wait, and become one statement and commit together.
"use strict";
const { Pool, types } = require("pg");

types.setTypeParser(types.builtins.INT8, Number);
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
pool.on("error", () => {}); // a connection that is lost while nobody uses it
const MOST_AT_ONCE = 1000;
const ROLE = "CASE WHEN s.customer_id = m.user_id THEN 'customer' ELSE 'mechanic' END AS role";

const WHO = {
  name: "who",
  text:
    "SELECT c.user_id, s.id AS session_id, (s.customer_id = c.user_id) AS is_customer, " +
    "coalesce((SELECT max(seq) FROM peer.message m WHERE m.session_id = s.id), 0) AS last " +
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
const INSERT_ALL = {
  name: "insert-all",
  text:
    "INSERT INTO peer.message (session_id, user_id, client_id, text) " +
    "SELECT s.id, m.user_id, m.client_id, m.text " +
    "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) WITH ORDINALITY AS m(session_id, user_id, client_id, text, n) " +
    "JOIN peer.session s ON s.id = m.session_id AND m.user_id IN (s.customer_id, s.mechanic_id) " +
    "WHERE s.state = 'live' AND clock_timestamp() < s.ends_at ORDER BY m.n " +
    "ON CONFLICT (session_id, client_id) DO NOTHING RETURNING seq, at, session_id, client_id",
};
const REPEAT = {
  name: "repeat",
  text:
    `SELECT seq, at, text, user_id, client_id, ${ROLE} FROM peer.message m JOIN peer.session s ON s.id = m.session_id ` +
    "WHERE m.session_id = $1 AND client_id = $2",
};
const READ = {
  name: "read",
  text:
    `SELECT seq, at, text, user_id, client_id, ${ROLE} FROM peer.message m JOIN peer.session s ON s.id = m.session_id ` +
    "WHERE m.session_id = $1 AND seq > $2 ORDER BY seq",
};
const EVENT = {
  name: "event",
  text: "INSERT INTO peer.event (id, type, object_id) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
};

async function first(query, values) {
  return (await pool.query({ ...query, values })).rows[0];
}

exports.who = (key, sessionId) => first(WHO, [key, sessionId]);
exports.repeat = (sessionId, clientId) => first(REPEAT, [sessionId, clientId]);
exports.read = async (sessionId, after) => (await pool.query({ ...READ, values: [sessionId, after] })).rows;
exports.keepEvent = ({ id, type, data }) => pool.query({ ...EVENT, values: [id, type, data.object.id] });

const insertOne = ({ session_id, user_id, client_id, text }) => first(INSERT, [session_id, user_id, client_id, text]);

let waiting = [];
let isWriting = false;

function insertWithOthers(message) {
  return new Promise((resolve, reject) => {
    waiting.push({ message, resolve, reject });
    if (!isWriting) setImmediate(writeAll); // with those that came in the same turn
    isWriting = true;
  });
}

async function writeAll() {
  while (waiting.length) {
    const batch = waiting.splice(0, MOST_AT_ONCE);
    try {
      await write(batch);
    } catch {
      await Promise.all(batch.map(writeAlone)); // one bad row harms nobody else
    }
  }
  isWriting = false;
}

async function write(batch) {
  const column = (name) => batch.map(({ message }) => message[name]);
  const values = ["session_id", "user_id", "client_id", "text"].map(column);
  const { rows } = await pool.query({ ...INSERT_ALL, values });
  const written = new Map(rows.map((row) => [row.session_id + row.client_id, row]));
  for (const { message, resolve } of batch) {
    const key = message.session_id.toLowerCase() + message.client_id.toLowerCase();
    resolve(written.get(key));
    written.delete(key); // the same again in one batch is a repeat
  }
}

async function writeAlone({ message, resolve, reject }) {
  await insertOne(message).then(resolve, reject);
}

/** Returns `seq` and `at`; nothing for a repeat, a stranger, or a session that is over. */
exports.insert = process.env.COMMIT === "group" ? insertWithOthers : insertOne;
