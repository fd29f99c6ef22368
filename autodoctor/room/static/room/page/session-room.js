// @ts-check
/**
 * <session-room>: the page of a session. It holds the channel, hands the parts what they need, and has the server render
 * the parts that follow the state whenever something has happened.
 */
import { Channel } from "room/wire/channel";
import { ElapsedTime } from "lib/elapsed-time";
import { intercept } from "lib/forms";
import { Outbox } from "room/wire/outbox";
import { Regions } from "lib/live-regions";
import { ServerClock } from "lib/server-clock";
import { play } from "lib/sounds";
import { fitToScreen } from "room/call/screen";
import { timeLeft } from "room/chat/chat-entries";
import { plainTitle, setTitle } from "lib/title";
import { toast } from "lib/toasts";
import { callAttention } from "lib/attention";

/** @typedef {import("room/wire/frames").LogEvent} LogEvent */
/** @typedef {import("room/wire/frames").Session} Session */

const OVER = new Set(["completed", "cancelled", "expired"]);
const TALKING = new Set(["accepted", "waiting", "live", "reconnecting"]);
const RUNNING = new Set(["live", "reconnecting"]);
const LAST_WARNING_SECONDS = 90;
const TRY_AGAIN_MS = 3_000;

export class SessionRoom extends HTMLElement {
  /** @type {Regions} */
  #regions = new Regions(this);
  #clock = new ServerClock(this.dataset.now);
  /** @type {Session} */
  #session = JSON.parse(this.dataset.session ?? "");
  #title = plainTitle();
  #unread = 0;
  #refreshing = false;
  #refreshAgain = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #nextLook;
  #channel = new Channel(new URL(this.dataset.socket ?? "", location.href.replace(/^http/, "ws")).href, {
    after: Number(this.dataset.seq),
    joined: "joined" in this.dataset,
    outbox: new Outbox(sessionStorage, `room:${this.dataset.id}:outbox`),
    clock: this.#clock,
  });

  connectedCallback() {
    ElapsedTime.clock = this.#clock;
    fitToScreen(this);
    this.#listen();
    this.querySelector("reconnect-banner")?.follow(this.#channel);
    this.querySelector("video-stage")?.follow(this.#channel);
    this.querySelector("more-time")?.follow(this.#channel);
    this.querySelector("get-help")?.follow(this.#channel);
    this.querySelector("chat-log")?.follow(this.#channel, {
      me: this.dataset.me ?? "",
      keepAs: `room:${this.dataset.id}:draft`,
    });
    this.#follow(this.#session);
    this.#openFiles();
    this.#openPreflight();
    this.#planLook();
    if (this.dataset.socket) this.#channel.open();
  }

  #listen() {
    const channel = this.#channel;
    channel.on("welcome", ({ session }) => this.#welcome(session));
    channel.on("event", (event) => this.#event(event));
    channel.on("status", ({ why }) => why === "gone" && this.#gone());
    channel.on("presence", () => this.#attend());
    channel.on("error", (error) => this.#refused(error));
    this.addEventListener("unread", (event) => this.#setUnread(/** @type {CustomEvent} */ (event).detail));
    this.addEventListener("call", (event) => this.#calling(/** @type {CustomEvent} */ (event).detail));
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    for (const news of ["file-shared", "file-removed"]) this.addEventListener(news, () => this.#refresh());
    this.addEventListener("preflight-done", () => this.#channel.join());
    intercept(/** @type {HTMLFormElement} */ (this.querySelector("#actions")), {
      done: () => this.#refresh(),
      failed: () => toast(this.#words("failed"), "error"),
    });
    // The browser's back button may bring a page from before the end: look at it anew.
    addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  /** @param {Session} session */
  #welcome(session) {
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
    if (event.kind === "session.warned") this.#warn(event);
    if (event.kind === "session.accepted" && this.#channel.joined) this.#channel.join();
    this.#call(event);
    this.#refresh();
  }

  /** Some news are worth calling somebody for. @param {LogEvent} event */
  #call({ kind, data, by }) {
    const rule = `template[data-call="${CSS.escape(String(data.rule ?? ""))}"]`;
    const words = this.querySelector(rule) ?? this.querySelector(`template[data-call="${CSS.escape(kind)}"]`);
    if (words instanceof HTMLTemplateElement && by?.id !== this.dataset.me)
      callAttention(words.content.textContent?.trim() ?? "");
  }

  /** Let what the scripts hold follow the session; the rest is the server's to render. @param {Session} session */
  #follow(session) {
    const ends = OVER.has(session.state) && RUNNING.has(this.#session.state);
    this.#session = session;
    this.dataset.kind = session.kind;
    this.querySelector("session-clock")?.show(session, this.#clock);
    const chat = this.querySelector("chat-log");
    if (chat) chat.phase = OVER.has(session.state) ? "over" : TALKING.has(session.state) ? "open" : "before";
    if (ends) play("ended");
  }

  /** In the moment in which the end is shown: whoever touches the page from then on stays. */
  #over() {
    this.#lookUp();
    const isNeeded = this.querySelector("[data-asks]") || this.querySelector("file-drop")?.isBusy;
    if (!isNeeded) this.querySelector("ended-countdown")?.start();
  }

  /** The page has become another one: it is read from its top. */
  #lookUp() {
    scrollTo({ top: 0 });
    document.getElementById("panel-title")?.focus({ preventScroll: true });
  }

  /** @param {LogEvent} event */
  #warn(event) {
    const seconds = (Date.parse(event.data.session?.ends_at ?? "") - Date.parse(event.at)) / 1000;
    play(seconds < LAST_WARNING_SECONDS ? "last" : "warning");
    const template = /** @type {HTMLTemplateElement} */ (this.querySelector("template[data-announce=warned]"));
    const line = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    for (const left of line.querySelectorAll("[data-slot=left]")) left.textContent = timeLeft(event);
    this.#announce(line.textContent ?? "");
  }

  /** @param {string} text */
  #announce(text) {
    /** @type {HTMLElement} */ (this.querySelector("[data-announcer]")).textContent = text.trim();
  }

  /** How the call stands. @param {string} state */
  #calling(state) {
    this.toggleAttribute("data-calls", state !== "idle" && state !== "declined");
    const banner = this.querySelector("reconnect-banner");
    if (banner) banner.inCall = state === "connected";
    if (this.#regions.facts.state === "waiting") this.#refresh();
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
    if (!about && (asked || preflight?.isDone)) toast(detail, "error");
    if (!about && preflight?.isDone) preflight.again();
  }

  /** On a phone the chat shares the screen with the picture. @param {boolean} open */
  #showChat(open) {
    this.toggleAttribute("data-chat-open", open);
    this.querySelector("[data-chat]")?.setAttribute("aria-expanded", String(open));
    this.querySelector("chat-log")?.settle();
  }

  /** @param {number} unread */
  #setUnread(unread) {
    this.#unread = unread;
    const badge = /** @type {HTMLElement | null} */ (this.querySelector("[data-unread]"));
    if (badge) Object.assign(badge, { hidden: !unread, textContent: String(unread) });
    setTitle(unread ? `(${unread}) ${this.#title}` : this.#title);
  }

  /** Have the server render what follows the state. Called again meanwhile, it does so once more afterwards. */
  async #refresh() {
    this.#refreshAgain = true;
    if (this.#refreshing) return;
    this.#refreshing = true;
    while (this.#refreshAgain) {
      this.#refreshAgain = false;
      await this.#fetchRegions();
    }
    this.#refreshing = false;
  }

  async #fetchRegions() {
    const answer = await fetch(this.dataset.panel ?? "", { headers: { Accept: "text/html" } }).catch(() => null);
    if (answer?.redirected) return location.reload(); // to sign in
    if (answer?.status === 404) return this.#gone();
    const markup = answer?.ok ? await answer.text() : "";
    await this.#regions.untouched;
    if (markup) this.#swap(markup);
    this.#planLook(answer?.ok ? Infinity : TRY_AGAIN_MS);
  }

  #gone() {
    clearTimeout(this.#nextLook);
    this.dataset.gone = "";
    this.querySelector("reconnect-banner")?.showGone();
  }

  /** @param {string} markup */
  #swap(markup) {
    const before = this.#regions.facts;
    this.#regions.swap(markup);
    const { state, stage, role, title } = this.#regions.facts;
    if (role !== before.role || (state !== before.state && !this.dataset.socket)) return location.reload();
    this.dataset.stage = stage;
    this.#title = plainTitle().replace(/^(\(\d+\) )?.*?( · |$)/, `${title}$2`);
    this.#setUnread(this.#unread);
    this.querySelector("chat-log")?.settle();
    this.#openFiles();
    this.#openPreflight();
    if (before.prepares && !this.#regions.facts.prepares) this.#lookUp();
    if (RUNNING.has(before.state) && OVER.has(state)) this.#over();
    if (state !== before.state) this.#announce(document.getElementById("panel-title")?.textContent ?? "");
  }

  /** Whether files may be shared now, and which of their rows stand where. */
  #openFiles() {
    const drop = this.querySelector("file-drop");
    if (!drop) return;
    drop.open = this.#regions.facts.shares;
    drop.settle();
  }

  /** Whether devices are to be checked before joining. */
  #openPreflight() {
    const preflight = this.querySelector("device-preflight");
    if (preflight) preflight.open = this.#regions.facts.prepares;
  }

  /** The next look without being told: at a known moment, or now and then. @param {number} [within] */
  #planLook(within = Infinity) {
    clearTimeout(this.#nextLook);
    const { refresh, refreshAt } = this.#regions.facts;
    const wait = Math.min(within, ...[refresh * 1000, refreshAt - this.#clock.now()].filter((each) => each > 0));
    if (wait < Infinity) this.#nextLook = setTimeout(() => this.#look(), wait);
  }

  #look() {
    if (document.hidden) this.#planLook();
    else this.#refresh();
  }

  /** @param {string} name */
  #words(name) {
    return (
      /** @type {HTMLTemplateElement} */ (this.querySelector(`template[data-announce=${name}]`)).content.textContent ??
      ""
    );
  }
}
