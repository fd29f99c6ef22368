/**
 * The frames of `protocol.py` and of docs/protocol.md, as the scripts see them. `room/tests/test_frames.py` has the type
 * checker compare them with what the server sends and takes.
 */
import type { SharedFile } from "lib/upload";

export type Role = "customer" | "mechanic" | "support";
export type Presence = "in" | "preparing" | "away";
export type Kind = "chat" | "video" | "diagnostic";
export type State =
  "draft" | "requested" | "accepted" | "waiting" | "live" | "reconnecting" | "completed" | "cancelled" | "expired";
export type ErrorCode =
  "invalid_frame" | "too_long" | "too_fast" | "session_closed" | "not_joined" | "client_id_reused" | "unavailable";

export interface Person {
  id: string;
  name: string;
}

export interface Actor {
  id: string;
  role: Role;
  name: string;
}

export interface Session {
  id: string;
  kind: Kind;
  state: State;
  granted_seconds: number;
  /** Times are ISO 8601 in UTC. */
  started_at: string | null;
  ends_at: string | null;
  paused_at: string | null;
  /** Whole seconds that were lost so far: the first three were added to the clock again, by cause. */
  lost: { mechanic: number; customer: number; media: number; not_given_back: number };
  /** The time is up, and the end waits until then for a payment. */
  hold_until: string | null;
  /** How much longer the mechanic can stay; null: they did not say. */
  allowed_seconds: number | null;
  ended_at: string | null;
  end_reason: string | null;
  customer: Person;
  mechanic: Person | null;
}

export interface Welcome {
  type: "welcome";
  seq: number;
  now: string;
  you: { id: string; role: Role };
  session: Session;
  presence: Record<"customer" | "mechanic", Presence>;
}

/** What an event carries beside these depends on its kind. */
export interface EventData {
  session?: Session;
  text?: string;
  file?: SharedFile;
  rule?: string;
  [field: string]: unknown;
}

/** One row of the session's log. */
export interface LogEvent {
  type: "event";
  seq: number;
  kind: string;
  at: string;
  by: Actor | null;
  client_id: string | null;
  data: EventData;
}

export interface PresenceFrame {
  type: "presence";
  customer: Presence;
  mechanic: Presence;
}

export interface TypingFrame {
  type: "typing";
  role: Role;
}

export interface SignalFrame {
  type: "signal";
  role: Role;
  data: Record<string, unknown>;
}

export interface Pong {
  type: "pong";
  now: string;
  seq: number;
}

export interface Replaced {
  type: "replaced";
}

export interface ErrorFrame {
  type: "error";
  client_id: string | null;
  code: ErrorCode;
  /** A sentence for people. */
  detail: string;
}

/** What the socket of a session says. */
export type Incoming = Welcome | LogEvent | PresenceFrame | TypingFrame | SignalFrame | Pong | Replaced | ErrorFrame;

/** What the socket of the lists says. */
export type FeedFrame = { type: "listening" } | { type: "changed"; what: "queue" | "sessions" | "support" } | Pong;

/** What a page says. */
export type Outgoing =
  | { type: "join" }
  | { type: "message"; client_id: string; text: string }
  | { type: "typing" }
  | { type: "signal"; data: Record<string, unknown> }
  | { type: "media"; receiving: boolean | null }
  | { type: "ping" };
