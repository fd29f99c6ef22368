DROP SCHEMA IF EXISTS peer CASCADE;
CREATE SCHEMA peer;
CREATE TABLE peer.cookie (key text PRIMARY KEY, user_id uuid NOT NULL, expires_at timestamptz NOT NULL);
CREATE TABLE peer.session (
  id uuid PRIMARY KEY,
  customer_id uuid NOT NULL,
  mechanic_id uuid NOT NULL,
  state text NOT NULL,
  ends_at timestamptz NOT NULL
);
CREATE TABLE peer.message (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES peer.session,
  user_id uuid NOT NULL,
  client_id uuid NOT NULL,
  text text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (session_id, client_id)
);
CREATE INDEX ON peer.message (session_id, seq);
CREATE TABLE peer.event (
  id text PRIMARY KEY,
  type text NOT NULL,
  object_id text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
);
