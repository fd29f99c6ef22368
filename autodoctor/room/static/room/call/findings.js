// @ts-check
/** Findings of a call: a picture with a drawing, a sound. They become files of the session and lines of the chat. */
import { freeze } from "room/call/photo-annotator";
import { toast } from "lib/toasts";

export class Finds {
  #stage;

  /** @param {HTMLElement} stage  holds the words */
  constructor(stage) {
    this.#stage = stage;
  }

  /** @param {HTMLVideoElement} video */
  async snapshot(video) {
    if (!video.videoWidth) return toast(wordsOf(this.#stage, "no-picture"), "error");
    const pen = /** @type {import("room/call/photo-annotator").PicturePen} */ (document.querySelector("picture-pen"));
    const file = await pen.draw(freeze(video), wordsOf(this.#stage, "snapshot"));
    if (file) this.#share(file, "shared");
  }

  /** @param {import("room/call/spectrogram").SoundPicture} sound */
  async keep(sound) {
    if (sound.isKeeping) return;
    this.#stage.toggleAttribute("data-keeping", true);
    try {
      const clip = await sound.keep(wordsOf(this.#stage, "engine"));
      if (clip.size) this.#share(clip, "clip");
    } finally {
      this.#stage.toggleAttribute("data-keeping", false);
    }
  }

  /**
   * @param {File} file
   * @param {string} words
   */
  #share(file, words) {
    document.querySelector("file-drop")?.add([file]);
    toast(wordsOf(this.#stage, words));
  }
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 */
export function wordsOf(element, name) {
  return (
    /** @type {HTMLTemplateElement} */ (element.querySelector(`template[data-words="${name}"]`)).content.textContent ??
    ""
  );
}
