// @ts-check
/**
 * <session-room>: the page of a session. It holds the channel, hands the parts what they need, and has the server render
 * the parts that follow the state whenever something has happened.
 */
import { Channel } from "room/wire/channel";
import { ElapsedTime } from "lib/elapsed-time";
import { focusOnTitle } from "lib/focus";
import { Outbox } from "room/wire/outbox";
import { LiveRegions } from "lib/live-regions";
import { fitToScreen, reveal, toTop } from "lib/scrolling";
import { intercept } from "lib/sending";
import { ServerClock } from "lib/server-clock";
import { cover } from "lib/signed-out";
import { Announcer } from "room/page/announcer";
import { LeaveGuard } from "room/page/leave-guard";
import { factsOf, isIn } from "room/wire/states";

/** @typedef {import("room/wire/frames").LogEvent} LogEvent */
/** @typedef {import("room/wire/frames").Session} Session */
/** @typedef {import("room/wire/frames").Welcome} Welcome */
/** @typedef {import("room/wire/states").Facts} Facts */

export class SessionRoom extends HTMLElement {
  #regions = new LiveRegions(this, {
    address: () => this.dataset.panel ?? "",
    shown: () => this.#shown(),
    gone: () => this.#gone(),
  });
  #facts = /** @type {Facts} */ ({}); // until it is connected
  #announcer = new Announcer(this);
  #guard = new LeaveGuard(this);
  #clock = new ServerClock(this.dataset.now);
  /** @type {Session} */
  #session = JSON.parse(this.dataset.session ?? "");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #nextLook;
  #channel = new Channel(new URL(this.dataset.socket ?? "", location.href.replace(/^http/, "ws")).href, {
    after: Number(this.dataset.seq),
    joined: "joined" in this.dataset,
    outbox: new Outbox(sessionStorage, `room:${document.documentElement.dataset.me ?? ""}:${this.dataset.id}:outbox`),
    clock: this.#clock,
  });

  connectedCallback() {
    this.#facts = factsOf(this);
    ElapsedTime.clock = this.#clock;
    fitToScreen(this);
    this.#listen();
    this.#guard.follow(this.#channel);
    this.querySelector("reconnect-banner")?.follow(this.#channel);
    this.querySelector("video-stage")?.follow(this.#channel);
    this.querySelector("more-time")?.follow(this.#channel);
    this.querySelector("get-help")?.follow(this.#channel);
    this.querySelector("chat-log")?.follow(this.#channel, {
      me: this.dataset.me ?? "",
      keepAs: `message:${this.dataset.id}:${this.dataset.me}`,
    });
    this.#follow(this.#session);
    this.#openFiles();
    this.#openPreflight();
    this.#planLook();
    if (this.dataset.socket) this.#channel.open();
  }

  disconnectedCallback() {
    this.#guard.stop();
    this.#channel.close();
    this.#regions.stop();
    clearTimeout(this.#nextLook);
  }

  #listen() {
    const channel = this.#channel;
    channel.on("welcome", (frame) => this.#welcome(frame));
    channel.on("event", (event) => this.#event(event));
    channel.on("status", ({ why }) => this.#stopped(why));
    channel.on("presence", () => this.#attend());
    channel.on("error", (error) => this.#refused(error));
    this.addEventListener("unseen", (event) => this.#announcer.unseen(/** @type {CustomEvent} */ (event).detail));
    this.addEventListener("unread", (event) => (this.#announcer.unread = /** @type {CustomEvent} */ (event).detail));
    this.addEventListener("call", (event) => this.#calling(/** @type {CustomEvent} */ (event).detail));
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    for (const news of ["file-shared", "file-removed", "handover"]) this.addEventListener(news, () => this.#refresh());
    this.addEventListener("preflight-done", () => this.#channel.join());
    intercept(/** @type {HTMLFormElement} */ (this.querySelector("#actions")), {
      done: () => this.#refresh(),
      failed: () => this.#announcer.failed(),
    });
    // The browser's back button may bring a page from before the end: look at it anew.
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  /** @param {Welcome} frame */
  #welcome({ seq, session }) {
    // The log is shorter than what this page shows: a backup has taken its place.
    if (seq < this.#channel.after) return location.reload();
    this.#follow(session);
    this.#attend();
  }

  /** Who is here may have changed. */
  #attend() {
    const other = this.dataset.role === "customer" ? "mechanic" : "customer";
    this.querySelector("video-stage")?.toggleAttribute("data-alone", this.#channel.presence?.[other] !== "in");
    this.#refresh();
  }

  /** @param {LogEvent} event */
  #event(event) {
    if (event.kind === "message.posted") return;
    if (event.data.session) this.#follow(event.data.session);
    if (event.kind === "session.accepted" && this.#channel.joined) this.#channel.join();
    this.#announcer.event(event);
    this.#refresh();
  }

  /** Let what the scripts hold follow the session; the rest is the server's to render. @param {Session} session */
  #follow(session) {
    const before = this.#session.state;
    if (session.state !== before) this.#announcer.moveOn();
    this.#session = session;
    this.dataset.kind = session.kind;
    this.querySelector("session-clock")?.show(session, this.#clock);
    const chat = this.querySelector("chat-log");
    if (chat) chat.phase = phaseOf(session);
    if (isIn(session.state, "over") && isIn(before, "running")) this.#announcer.ended();
  }

  /** In the moment in which the end is shown: whoever touches the page from then on stays. */
  #over() {
    this.#lookUp();
    if (!this.#isNeeded) this.querySelector("ended-countdown")?.start();
  }

  /** The person has something to do here. */
  get #isNeeded() {
    return this.querySelector("[data-asks]") !== null || this.querySelector("file-drop")?.isBusy === true;
  }

  /** The page has become another one: it is read from its top. */
  #lookUp() {
    toTop();
    focusOnTitle();
  }

  /** How the call stands. @param {string} state */
  #calling(state) {
    this.toggleAttribute("data-calls", state !== "idle" && state !== "declined");
    const banner = this.querySelector("reconnect-banner");
    if (banner) banner.inCall = state === "connected";
    if (this.#facts.state === "waiting") this.#refresh();
  }

  /** @param {Element} target */
  #clicked(target) {
    if (target.closest("[data-retry-call]")) this.querySelector("video-stage")?.retry();
    if (target.closest("[data-chat]")) this.#showChat(!this.hasAttribute("data-chat-open"));
    const button = target.closest("[data-join]");
    if (!button) return;
    button.setAttribute("aria-busy", "true");
    this.#channel.join();
  }

  /** What concerns a message stands at the message. @param {import("room/wire/frames").ErrorFrame} error */
  #refused({ client_id: about, detail }) {
    const asked = this.querySelector("[data-join][aria-busy]");
    asked?.removeAttribute("aria-busy");
    const preflight = this.querySelector("device-preflight");
    if (!about && (asked || preflight?.isDone)) this.#announcer.failed(detail);
    if (!about && preflight?.isDone) preflight.again();
  }

  /** On a phone the chat shares the screen with the picture. @param {boolean} open */
  #showChat(open) {
    this.toggleAttribute("data-chat-open", open);
    this.querySelector("[data-chat]")?.setAttribute("aria-expanded", String(open));
    this.querySelector("chat-log")?.settle();
    if (open) reveal(this.querySelector("chat-log")); // it may open further down
  }

  /** Have the server render what follows the state. */
  #refresh() {
    return this.#regions.refresh();
  }

  /** @param {import("room/wire/reconnecting-socket").Status["why"]} why */
  #stopped(why) {
    if (why === "gone") this.#gone();
    if (why === "signed_out") this.dataset.phone ? location.replace(this.dataset.phone) : cover();
  }

  #gone() {
    clearTimeout(this.#nextLook);
    this.dataset.gone = "";
    this.querySelector("reconnect-banner")?.showGone();
  }

  /** The page is as the server renders it now. */
  #shown() {
    const before = this.#facts;
    this.#facts = factsOf(this);
    const { state, stage, role, title } = this.#facts;
    if (role !== before.role || (state !== before.state && !this.dataset.socket)) return location.reload();
    this.dataset.stage = stage;
    this.#announcer.title = title;
    this.querySelector("chat-log")?.settle();
    this.#openFiles();
    this.#openPreflight();
    if (before.prepares && !this.#facts.prepares) this.#lookUp();
    if (isIn(before.state, "running") && isIn(state, "over")) this.#over();
    if (this.#isNeeded) this.querySelector("ended-countdown")?.cancel();
    if (state !== before.state) this.#announcer.say(document.getElementById("panel-title")?.textContent ?? "");
    this.#planLook();
  }

  /** Whether files may be shared now, and which of their rows stand where. */
  #openFiles() {
    const drop = this.querySelector("file-drop");
    if (!drop) return;
    drop.open = this.#facts.shares;
    drop.settle();
  }

  /** Whether devices are to be checked before joining. */
  #openPreflight() {
    const preflight = this.querySelector("device-preflight");
    if (preflight) preflight.open = this.#facts.prepares;
  }

  /** The next look without being told: at a known moment, or now and then. */
  #planLook() {
    clearTimeout(this.#nextLook);
    if ("gone" in this.dataset) return;
    const { refresh, refreshAt } = this.#facts;
    const wait = Math.min(...[refresh * 1000, refreshAt - this.#clock.now()].filter((each) => each > 0));
    if (wait < Infinity) this.#nextLook = setTimeout(() => this.#look(), wait);
  }

  async #look() {
    if (!document.hidden) await this.#refresh();
    this.#planLook();
  }
}

/** @param {Session} session @returns {"before"|"open"|"over"} */
function phaseOf({ state }) {
  if (isIn(state, "over")) return "over";
  return isIn(state, "talking") ? "open" : "before";
}
