// @ts-check
/**
 * Asks before "Back" leads away from a running session: on a phone the gesture is made by mistake. A step of the history
 * that shows the same page takes the first "Back"; the page then asks.
 */
import { isIn } from "room/wire/states";

const HERE = "session"; // marks the step

export class LeaveGuard {
  #room;
  #isOn = false;

  /** @param {HTMLElement} room  its `#leave-dialog` asks */
  constructor(room) {
    this.#room = room;
    addEventListener("popstate", () => this.#back());
  }

  /** On while this page takes part in a running session. @param {import("room/wire/channel").Channel} channel */
  follow(channel) {
    const settle = () => {
      const { joined, session } = channel;
      this.#set(Boolean(joined && session && isIn(session.state, "running")));
    };
    for (const name of /** @type {const} */ (["welcome", "event", "joined", "replaced"])) channel.on(name, settle);
  }

  stop() {
    this.#set(false);
  }

  /** @param {boolean} isOn */
  #set(isOn) {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    if (isOn) this.#step();
    else if (history.state === HERE) history.back();
  }

  #back() {
    if (!this.#isOn) return;
    this.#step();
    const dialog = /** @type {HTMLDialogElement | null} */ (this.#room.querySelector("#leave-dialog"));
    if (dialog?.open === false) dialog.showModal();
  }

  #step() {
    if (history.state !== HERE) history.pushState(HERE, "");
  }
}
