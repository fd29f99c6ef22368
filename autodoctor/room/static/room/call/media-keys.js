// @ts-check
/**
 * The keys of a stage for one's own microphone and camera, and for what is found: a picture with a drawing, a sound. Findings
 * become files of the session and lines of the chat. What fails is said in the page's words.
 */
import { wordsOf } from "lib/templates";
import { toast } from "lib/toasts";
import { freeze } from "room/call/photo-annotator";

/** @typedef {import("room/call/local-media").Kind} Kind */

export class MediaKeys {
  #stage;
  #remote;
  #media;
  #tell;

  /**
   * @param {HTMLElement} stage  holds the words
   * @param {import("room/call/remote-media").RemoteMedia} remote
   * @param {() => import("room/call/local-media").LocalMedia | null} media  of now
   * @param {() => void} tell  what is switched on has changed
   */
  constructor(stage, remote, media, tell) {
    this.#stage = stage;
    this.#remote = remote;
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
    "again-audio": () => this.#media()?.again("audio"),
    "again-video": () => this.#media()?.again("video"),
    light: () => this.#light(),
    snapshot: () => this.#snapshot(this.#remote.video),
    keep: () => this.#remote.spectrogram && this.#keep(this.#remote.spectrogram),
  };

  /** @param {Error} error */
  complain(error) {
    if (error.name !== "NotAllowedError") this.#say("failed", "error"); // choosing no screen is no failure
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
    if (!media) return;
    const asked = media.faults.video ? media.again("video") : media.turnCamera(!media.isCameraOff);
    await this.#askAgain(asked, "video");
  }

  /**
   * What was refused before is asked for once more; refused again, it takes more than this key.
   * @param {Promise<void>} asked
   * @param {Kind} kind
   */
  async #askAgain(asked, kind) {
    await asked;
    if (this.#media()?.faults[kind]) this.#say(`no-${kind}`, "error");
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
  #zoom({ value, dataset }) {
    if (!("zoomBy" in dataset)) return; // that of the other side's camera
    this.#media()
      ?.zoom(Number(value))
      .then(() => this.#tell())
      .catch((error) => this.complain(error));
  }

  /** @param {HTMLVideoElement} video */
  async #snapshot(video) {
    if (!video.videoWidth) return this.#say("no-picture", "error");
    const picture = freeze(video);
    const file = await document.querySelector("picture-pen")?.draw(picture, wordsOf(this.#stage, "snapshot"));
    if (file) this.#hand(file, "shared");
  }

  /** @param {import("room/call/spectrogram").SoundPicture} sound */
  async #keep(sound) {
    if (sound.isKeeping) return;
    this.#stage.toggleAttribute("data-keeping", true);
    try {
      const clip = await sound.keep(wordsOf(this.#stage, "engine"));
      if (clip.size) this.#hand(clip, "clip");
    } finally {
      this.#stage.toggleAttribute("data-keeping", false);
    }
  }

  /**
   * @param {File} file
   * @param {string} words
   */
  #hand(file, words) {
    document.querySelector("file-drop")?.add([file]);
    this.#say(words);
  }

  /**
   * @param {string} words
   * @param {"info" | "error"} [level]
   */
  #say(words, level) {
    toast(wordsOf(this.#stage, words), level);
  }
}
