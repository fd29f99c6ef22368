// @ts-check
/** The keys of a stage for one's own microphone and camera. What fails is said in the page's words. */
import { wordsOf } from "room/call/findings";
import { toast } from "lib/toasts";

/** @typedef {import("room/call/local-media").Kind} Kind */

export class MediaKeys {
  #stage;
  #media;
  #tell;

  /**
   * @param {HTMLElement} stage
   * @param {() => import("room/call/local-media").LocalMedia | null} media  of now
   * @param {() => void} tell  what is switched on has changed
   */
  constructor(stage, media, tell) {
    this.#stage = stage;
    this.#media = media;
    this.#tell = tell;
    stage.addEventListener("input", ({ target }) => this.#zoom(/** @type {HTMLInputElement} */ (target)));
  }

  /** By the name of the key. @type {Record<string, () => unknown>} */
  acts = {
    mute: () => this.#mute(),
    camera: () => this.#turnCamera(),
    switch: () => this.#media()?.switchCamera(),
    screen: () => this.#share(),
    light: () => this.#light(),
  };

  /** @param {Error} error */
  complain(error) {
    if (error.name !== "NotAllowedError") toast(wordsOf(this.#stage, "failed"), "error"); // choosing no screen is no failure
  }

  async #mute() {
    const media = this.#media();
    if (!media) return;
    media.mute(Boolean(media.track("audio")) && !media.isMuted);
    this.#tell();
    if (!media.track("audio")) await this.#askAgain(media.again("audio"), "audio");
  }

  async #turnCamera() {
    const media = this.#media();
    if (media) await this.#askAgain(media.turnCamera(!media.isCameraOff), "video");
  }

  /**
   * What was refused before is asked for once more; refused again, it takes more than this key.
   * @param {Promise<void>} asked
   * @param {Kind} kind
   */
  async #askAgain(asked, kind) {
    await asked;
    if (this.#media()?.problems[kind]) toast(wordsOf(this.#stage, `no-${kind}`), "error");
  }

  #share() {
    const media = this.#media();
    return media?.share(!media.isSharing);
  }

  #light() {
    const media = this.#media();
    return media?.light(!media.isLit).finally(() => this.#tell());
  }

  /** @param {HTMLInputElement} slider */
  #zoom({ value }) {
    this.#media()
      ?.zoom(Number(value))
      .catch((error) => this.complain(error));
  }
}
