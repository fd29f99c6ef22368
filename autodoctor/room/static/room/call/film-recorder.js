// @ts-check
/**
 * <film-recorder most-bytes="…">: records a short film with the camera that looks away from its owner, shows it, and shares
 * it. During a call it films what the call's camera sees, unless that one looks at its owner. Any button `data-film` of the
 * page opens it. Its markup is `room/parts/film.html`; `data-state` says how far it is: opening, ready, recording, made,
 * failed.
 */
import { whileBusy } from "lib/sending";
import { fill, wordsOf } from "lib/templates";
import { close, openAll, openRearCamera } from "room/call/devices";
import { filmFormat, filmOf, planFor, recorderOf } from "room/files/film-format";

const MOST_SECONDS = 10;
const FITS_SECONDS = 15; // as long as a film could be and still fit: recorders only come near their rate
const SHARE = 0.8; // of the limit is aimed at
const TICK_MS = 100;
const SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };

export class FilmRecorder extends HTMLElement {
  #leaving = new AbortController();
  /** @type {MediaStream | undefined} */
  #stream;
  /** @type {MediaRecorder | undefined} */
  #recorder;
  /** @type {File | null} */
  #film = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticks;
  /** Counts how often it was opened or closed: what comes later is not wanted any more. */
  #turn = 0;

  connectedCallback() {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    document.documentElement.toggleAttribute("data-no-films", !filmFormat());
    document.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)), { signal });
    this.#dialog.addEventListener("close", () => this.#release(), { signal });
  }

  disconnectedCallback() {
    this.#leaving.abort();
    this.#release();
  }

  /** @param {Element} target */
  #clicked(target) {
    if (target.closest("[data-film]")) this.#show(/** @type {HTMLElement} */ (target.closest("[data-film]")));
    const act = /** @type {HTMLElement | null} */ (target.closest("film-recorder [data-act]"))?.dataset.act;
    if (act && act in this.#acts) this.#acts[act]();
  }

  /** @type {Record<string, () => unknown>} */
  #acts = {
    record: () => this.#record(),
    stop: () => this.#recorder?.stop(),
    again: () => this.#open(),
    send: () => this.#send(),
    drop: () => this.#dialog.close(),
  };

  /** @param {HTMLElement} button */
  #show(button) {
    const sheet = /** @type {HTMLElement | null} */ (button.closest("[popover]"));
    if (sheet?.matches(":popover-open")) sheet.hidePopover();
    this.#dialog.showModal();
    return whileBusy(button, () => this.#open());
  }

  /** The camera, and what it sees. */
  async #open() {
    this.#release();
    const turn = this.#turn;
    this.#become("opening");
    const stream = await takeStream();
    if (turn !== this.#turn || !this.#dialog.open) return close(stream);
    this.#stream = stream;
    this.#picture.srcObject = stream ?? null;
    this.#picture.play().catch(() => undefined);
    this.#become(stream ? "ready" : "failed");
  }

  async #record() {
    const plan = planFor(this.#mostBytes * SHARE, FITS_SECONDS);
    if (!this.#stream || !plan || this.#recorder) return;
    const turn = this.#turn;
    const recorder = (this.#recorder = recorderOf(this.#stream, plan));
    const made = filmOf(recorder, wordsOf(this, "name"));
    recorder.start();
    this.#become("recording");
    this.#count(recorder);
    const film = await made.catch(() => null);
    if (turn !== this.#turn) return;
    this.#release();
    if (film?.size) this.#keep(film);
    else this.#become("failed");
  }

  /** Seconds left, until the last one is over. @param {MediaRecorder} recorder */
  #count(recorder) {
    const endsAt = Date.now() + MOST_SECONDS * 1000;
    const tick = () => {
      const left = Math.max(0, endsAt - Date.now());
      fill(this, "left", String(Math.ceil(left / 1000)));
      this.#done.value = 1 - left / (MOST_SECONDS * 1000);
      if (left === 0 && recorder.state === "recording") recorder.stop();
    };
    tick();
    this.#ticks = setInterval(tick, TICK_MS);
  }

  /** @param {File} film */
  #keep(film) {
    this.#film = film;
    this.#made.src = URL.createObjectURL(film);
    this.#become("made");
  }

  #send() {
    if (this.#film) document.querySelector("file-drop")?.add([this.#film]);
    this.#dialog.close();
  }

  /** Give the camera and the film back. */
  #release() {
    this.#turn += 1;
    clearInterval(this.#ticks);
    if (this.#recorder?.state === "recording") this.#recorder.stop();
    this.#recorder = undefined;
    close(this.#stream);
    this.#stream = undefined;
    this.#picture.srcObject = null;
    if (this.#made.src) URL.revokeObjectURL(this.#made.src);
    this.#made.removeAttribute("src");
    this.#film = null;
  }

  /** @param {"opening"|"ready"|"recording"|"made"|"failed"} state */
  #become(state) {
    this.dataset.state = state;
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  get #picture() {
    return /** @type {HTMLVideoElement} */ (this.querySelector("video[data-live]"));
  }

  get #made() {
    return /** @type {HTMLVideoElement} */ (this.querySelector("video[data-made]"));
  }

  get #done() {
    return /** @type {HTMLProgressElement} */ (this.querySelector("progress"));
  }

  get #mostBytes() {
    return Number(this.getAttribute("most-bytes"));
  }
}

/** Picture and sound of the call, else of the devices; none without a picture. @returns {Promise<MediaStream | undefined>} */
async function takeStream() {
  const { picture, sound } = document.querySelector("video-stage")?.ownTracks ?? { picture: null, sound: null };
  const isOwn = picture?.getSettings().facingMode === "user";
  const rear = picture && !isOwn ? copyOf(picture) : ((await rearTrack()) ?? (picture && copyOf(picture)));
  if (!rear) return undefined;
  await rear.applyConstraints(SIZE).catch(() => undefined); // a camera that cannot films as it does
  const heard = sound
    ? copyOf(sound)
    : (await openAll(["microphone"], "environment")).microphone.stream?.getTracks()[0];
  return new MediaStream(heard ? [rear, heard] : [rear]);
}

async function rearTrack() {
  return (await openRearCamera()).stream?.getTracks()[0] ?? null;
}

/** Whoever is muted in the call films with sound, as with any camera. @param {MediaStreamTrack} track */
function copyOf(track) {
  const copy = track.clone();
  copy.enabled = true;
  return copy;
}
