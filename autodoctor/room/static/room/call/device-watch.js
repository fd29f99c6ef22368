// @ts-check
/**
 * Brings back what this person wants and cannot have: a device that is in use is asked for again after a moment, one that
 * was pulled out when it is plugged in, one that was forbidden when it is allowed. Says when a new one is plugged in.
 */
import { DEVICE_OF, TRACK_KINDS, list, onChange, permissionFor } from "room/call/devices";

/** @typedef {import("room/call/devices").TrackKind} Kind */
/** @typedef {import("room/call/local-media").LocalMedia} LocalMedia */

const BUSY_AGAIN_MS = [300, 700, 1_500, 3_000, 6_000];
const ALIASES = new Set(["default", "communications"]); // stand in the list beside the device itself

export class DeviceWatch {
  #media;
  #plugged;
  #leaving = new AbortController();
  #busyTries = { audio: 0, video: 0 };
  /** @type {Set<string> | null} */
  #known = null;

  /**
   * @param {LocalMedia} media
   * @param {(kind: Kind, device: MediaDeviceInfo) => void} plugged
   */
  constructor(media, plugged) {
    this.#media = media;
    this.#plugged = plugged;
    const { signal } = this.#leaving;
    media.addEventListener("changed", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail), { signal });
    onChange(() => this.#look(), signal);
    document.addEventListener("visibilitychange", () => document.hidden || this.#again(), { signal });
    for (const kind of TRACK_KINDS) this.#followPermission(kind, signal);
  }

  /** The devices that are there now are not new. */
  async begin() {
    this.#known = new Set((await this.#devices()).map(({ device }) => device.deviceId));
  }

  stop() {
    this.#leaving.abort();
  }

  /** @param {Kind} kind */
  #changed(kind) {
    if (this.#media.faults[kind] !== "busy") return;
    const wait = BUSY_AGAIN_MS[this.#busyTries[kind]++];
    if (wait) setTimeout(() => this.#leaving.signal.aborted || this.#media.again(kind), wait);
  }

  async #look() {
    this.#again();
    const found = await this.#devices();
    const news = found.filter(({ device }) => this.#known?.has(device.deviceId) === false);
    this.#known &&= new Set(found.map(({ device }) => device.deviceId));
    for (const { kind, device } of news) if (!this.#media.faults[kind]) this.#plugged(kind, device);
  }

  /** What may help now is tried now; a question of the browser is only asked with a tap. */
  #again() {
    for (const kind of TRACK_KINDS) {
      const fault = this.#media.faults[kind];
      if (!fault || fault === "denied") continue;
      this.#busyTries[kind] = 0;
      this.#media.again(kind);
    }
  }

  /**
   * @param {Kind} kind
   * @param {AbortSignal} signal
   */
  async #followPermission(kind, signal) {
    const permission = await permissionFor(DEVICE_OF[kind]);
    permission?.addEventListener("change", () => permission.state === "granted" && this.#media.again(kind), { signal });
  }

  async #devices() {
    const found = TRACK_KINDS.map(async (kind) => (await list(DEVICE_OF[kind])).map((device) => ({ kind, device })));
    return (await Promise.all(found)).flat().filter(({ device }) => !ALIASES.has(device.deviceId));
  }
}
