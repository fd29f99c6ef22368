// @ts-check
/** Which microphone, camera and speaker a call uses: chosen in a dialog, or taken when a new one is plugged in. */
import { fill } from "lib/templates";
import { DEVICE_OF, choiceOf, choose, chosen, keepChoice, onChange, optionsFor } from "room/call/devices";

/** @typedef {import("room/call/devices").Kind} DeviceKind */
/** @typedef {import("room/call/devices").TrackKind} Kind */

/** @type {Partial<Record<DeviceKind, Kind>>} */
const TRACK_OF = { microphone: "audio", camera: "video" };

export class DeviceChoice {
  #stage;
  #remote;
  #media;
  /** What was plugged in last. @type {{ kind: Kind, device: MediaDeviceInfo } | null} */
  #offered = null;

  /**
   * @param {HTMLElement} stage
   * @param {import("room/call/remote-media").RemoteMedia} remote
   * @param {() => import("room/call/local-media").LocalMedia | null} media  of now
   */
  constructor(stage, remote, media) {
    this.#stage = stage;
    this.#remote = remote;
    this.#media = media;
    stage.addEventListener("change", ({ target }) => this.#changed(/** @type {HTMLElement} */ (target)));
    stage.addEventListener("click", ({ target }) => this.#clicked(/** @type {Element} */ (target)));
    onChange(() => this.#dialog?.open && this.#fill());
  }

  async show() {
    await this.#fill();
    if (!this.#dialog?.open) this.#dialog?.showModal();
  }

  /**
   * @param {Kind} kind
   * @param {MediaDeviceInfo} device
   */
  offer(kind, device) {
    this.#offered = { kind, device };
    const notice = this.#notice;
    if (!notice) return;
    fill(notice, "device", device.label);
    notice.hidden = false;
  }

  async #fill() {
    for (const field of this.#fields) {
      const kind = /** @type {DeviceKind} */ (field.dataset.device);
      const isOffered = kind !== "speaker" || "setSinkId" in HTMLMediaElement.prototype;
      const names = isOffered ? await optionsFor(kind, () => this.#current(kind)) : [];
      field.replaceChildren(...names);
      /** @type {HTMLElement} */ (field.closest(".field")).hidden = names.length === 0;
    }
  }

  /** @param {DeviceKind} kind */
  #current(kind) {
    const track = TRACK_OF[kind];
    return (track && this.#media()?.track(track)?.getSettings().deviceId) || chosen(kind);
  }

  /** @param {HTMLElement} field */
  #changed(field) {
    if (!(field instanceof HTMLSelectElement) || !field.dataset.device) return;
    this.#use(/** @type {DeviceKind} */ (field.dataset.device), field.value);
  }

  /** @param {Element} target */
  #clicked(target) {
    const answer = /** @type {HTMLElement | null} */ (target.closest("[data-plugged]"))?.dataset.plugged;
    if (!answer || !this.#offered || !this.#notice) return;
    this.#notice.hidden = true;
    if (answer === "use") this.#use(DEVICE_OF[this.#offered.kind], this.#offered.device.deviceId);
  }

  /**
   * @param {DeviceKind} kind
   * @param {string} device
   */
  #use(kind, device) {
    choose(kind, device);
    const session = this.#stage.getAttribute("session") ?? "";
    keepChoice(session, { ...choiceOf(session), [kind]: device });
    const track = TRACK_OF[kind];
    if (track) this.#media()?.use(track, device);
    else this.#remote.speakBy(device);
  }

  get #dialog() {
    return /** @type {HTMLDialogElement | null} */ (this.#stage.querySelector("dialog[data-devices]"));
  }

  get #notice() {
    return /** @type {HTMLElement | null} */ (this.#stage.querySelector("[data-new-device]"));
  }

  get #fields() {
    return /** @type {NodeListOf<HTMLSelectElement>} */ (this.#stage.querySelectorAll("select[data-device]"));
  }
}
