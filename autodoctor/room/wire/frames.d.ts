/**
 * The frames of `protocol.py` and of docs/protocol.md, as the scripts see them. `room/tests/test_frames.py` has the type
 * checker compare them with what the server sends and takes.
 */
import type { SharedFile } from "lib/upload";

export type Role = "customer" | "mechanic" | "support";
export type Presence = "in" | "preparing" | "away";
export type Kind = "chat" | "video" | "diagnostic";
export type State =
  | "draft"
  | "requested"
  | "accepted"
  | "waiting"
  | "live"
  | "reconnecting"
  | "handing_over"
  | "completed"
  | "cancelled"
  | "expired";
export type ErrorCode =
  | "invalid_frame"
  | "too_long"
  | "too_fast"
  | "session_closed"
  | "not_joined"
  | "client_id_reused"
  | "not_allowed"
  | "unavailable";

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
  /** Whether the mechanic may take photos with the customer's camera and use its light and zoom; null: not answered. */
  camera_allowed: boolean | null;
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
  /** Of a photo that the mechanic asked for. */
  still?: { id: string; by: string; at: string };
  rule?: string;
  extension?: { id: string | null; seconds: number; stands: string };
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

/** What the customer's camera can do. `torch`: whether its light is on; null: it has no light, or no zoom. */
export interface CameraSays {
  torch: boolean | null;
  zoom: { min: number; max: number; step: number; now: number } | null;
}

/** What the mechanic wishes of the customer's camera; nothing: to hear what it can do. */
export interface CameraWish {
  torch?: boolean;
  zoom?: number;
}

/** A photo is taken and on its way; `progress` is the sent share. */
export interface StillProgress {
  id: string;
  progress: number;
}

export type DrawingTool = "pen" | "arrow" | "circle";

/** Shares of the photo's width and height, 0 to 1. */
export type DrawnPoint = [number, number];

/** What somebody does on a photo of the session. `place` is that of the first point in its stroke. */
export type DrawingAct =
  | { file: string; act: "open" | "close" | "ask" }
  | { file: string; act: "undo"; stroke: string }
  | { file: string; act: "stroke"; stroke: string; tool: DrawingTool; place: number; points: DrawnPoint[] };

export type CameraFrame = { type: "camera"; role: Role } & CameraSays;
export type WishFrame = { type: "wish"; role: Role } & CameraWish;
export type StillFrame = { type: "still"; role: Role } & StillProgress;
export type DrawingFrame = { type: "drawing"; role: Role } & DrawingAct;

/** What is passed on from the other side's page, and never stored. */
export type PassedFrame = SignalFrame | CameraFrame | WishFrame | StillFrame | DrawingFrame;

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
export type Incoming = Welcome | LogEvent | PresenceFrame | TypingFrame | PassedFrame | Pong | Replaced | ErrorFrame;

/** What the socket of the lists says. */
export type FeedFrame = { type: "listening" } | { type: "changed"; what: "queue" | "sessions" | "support" } | Pong;

/** What a page says to the other side's page. */
export type PassedOn =
  | { type: "signal"; data: Record<string, unknown> }
  | ({ type: "camera" } & CameraSays)
  | ({ type: "wish" } & CameraWish)
  | ({ type: "still" } & StillProgress)
  | ({ type: "drawing" } & DrawingAct);

/** What a page says. */
export type Outgoing =
  | { type: "join" }
  | { type: "message"; client_id: string; text: string }
  | { type: "typing" }
  | PassedOn
  | { type: "media"; receiving: boolean | null }
  | { type: "ping" };
