// @ts-check
/** The live board: its clocks and its sound. Its lists are of `lib/elements`, which is loaded before. */
import { ElapsedTime } from "lib/elapsed-time";
import { SessionClock } from "room/clock/session-clock";

const QUIET = "support-quiet";

/** <board-clock data-times='{…}'>: the time left in a session. */
class BoardClock extends SessionClock {
  connectedCallback() {
    this.show(JSON.parse(this.dataset.times ?? "{}"), ElapsedTime.clock);
  }
}

/** <mute-switch>: switches the sound of new alerts in this browser; toasts and screen readers stay. */
class MuteSwitch extends HTMLElement {
  connectedCallback() {
    this.#show(localStorage.getItem(QUIET) !== null);
    this.addEventListener("click", () => {
      const quiet = localStorage.getItem(QUIET) === null;
      if (quiet) localStorage.setItem(QUIET, "");
      else localStorage.removeItem(QUIET);
      this.#show(quiet);
    });
  }

  /** @param {boolean} quiet */
  #show(quiet) {
    this.querySelector("button")?.setAttribute("aria-checked", String(!quiet));
    document.querySelector("live-list[alerts]")?.toggleAttribute("quiet", quiet);
  }
}

customElements.define("board-clock", BoardClock);
customElements.define("mute-switch", MuteSwitch);
