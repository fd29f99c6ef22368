// @ts-check
/** The customer's camera in the mechanic's hands, on the stage of either side: `CustomerCamera` here, `MechanicCamera` there. */
import { CustomerCamera } from "room/call/customer-camera";
import { MechanicCamera } from "room/call/mechanic-camera";

export class StageCamera {
  #stage;
  #media;
  #tell;
  /** @type {CustomerCamera | null} */
  #own = null;

  /**
   * @param {HTMLElement} stage
   * @param {() => import("room/call/local-media").LocalMedia | null} media  of now
   * @param {() => void} tell  the other side's call what is switched on
   */
  constructor(stage, media, tell) {
    this.#stage = stage;
    this.#media = media;
    this.#tell = tell;
  }

  /**
   * Returns what its keys do, by their names.
   * @param {import("room/wire/channel").Channel} channel
   * @returns {Record<string, () => unknown>}
   */
  follow(channel) {
    if (this.#stage.getAttribute("role-in-session") !== "customer")
      return new MechanicCamera(this.#stage, channel).acts;
    this.#own = new CustomerCamera(this.#stage, channel, this.#media, this.#tell);
    return {};
  }

  /** What is switched on has changed. */
  tell() {
    this.#tell();
    this.announce();
  }

  /** What the camera can do may have changed. */
  announce() {
    this.#own?.announce();
  }
}
