// Makes the peer's tables and fills them with who sits where (JSON on standard input).
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { Client } = require("pg");

async function main() {
  const seats = JSON.parse(fs.readFileSync(0, "utf8"));
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  await client.query(fs.readFileSync(path.join(__dirname, "schema.sql"), "utf8"));
  const column = (rows, name) => rows.map((row) => row[name]);
  await client.query(
    "INSERT INTO peer.cookie SELECT key, user_id, now() + interval '2 hours' FROM unnest($1::text[], $2::uuid[]) AS c(key, user_id)",
    [column(seats, "key"), column(seats, "user_id")],
  );
  const customers = seats.filter((_, index) => index % 2 === 0);
  const mechanics = seats.filter((_, index) => index % 2 === 1);
  await client.query(
    "INSERT INTO peer.session SELECT id, customer, mechanic, 'live', now() + interval '2 hours' " +
      "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS s(id, customer, mechanic)",
    [column(customers, "session_id"), column(customers, "user_id"), column(mechanics, "user_id")],
  );
  await client.end();
}

main();
