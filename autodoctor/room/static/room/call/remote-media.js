// @ts-check
/** What the other side of a call sends, on this stage: picture and sound, and the sound of an engine to be seen as well. */

export class RemoteMedia {
  #stage;
  #marks;
  #stream = new MediaStream();

  /**
   * @param {HTMLElement} stage
   * @param {import("room/call/stage-marks").StageMarks} marks
   */
  constructor(stage, marks) {
    this.#stage = stage;
    this.#marks = marks;
  }

  get video() {
    return /** @type {HTMLVideoElement} */ (this.#stage.querySelector("video[data-remote]"));
  }

  get spectrogram() {
    return this.#stage.querySelector("sound-picture");
  }

  /**
   * @param {MediaStreamTrack} track
   * @param {boolean} isEngine  its sound is that of an engine
   */
  show(track, isEngine) {
    for (const old of this.#stream.getTracks()) if (old.kind === track.kind) this.#stream.removeTrack(old);
    this.#stream.addTrack(track);
    this.video.srcObject = this.#stream;
    this.play();
    if (track.kind === "audio" && isEngine) this.spectrogram?.show(track);
  }

  /** Without a tap on this page the browser may play no sound: one is asked for. */
  play() {
    const { video } = this;
    if (!video.srcObject) return;
    video.play().then(
      () => this.#marks.askForTap({ sound: false }),
      (error) => error.name === "NotAllowedError" && this.#marks.askForTap({ sound: true }),
    );
  }

  /** The sound is that of an engine now, or of a voice again. @param {boolean} isEngine */
  showEngine(isEngine) {
    const [track] = this.#stream.getAudioTracks();
    if (isEngine && track) this.spectrogram?.show(track);
    else this.spectrogram?.stop();
    this.#marks.engine(isEngine);
  }

  clear() {
    for (const track of this.#stream.getTracks()) this.#stream.removeTrack(track);
    this.spectrogram?.stop();
  }
}
