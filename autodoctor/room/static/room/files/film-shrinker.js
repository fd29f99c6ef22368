// @ts-check
/**
 * Makes a film smaller in the browser: it is played unseen and unheard, drawn at a smaller size, and recorded anew with its
 * sound. That takes as long as the film. It rests while the page is hidden, because then nothing is drawn.
 *
 * @typedef {object} Shrinking
 * @property {number} mostBytes
 * @property {(share: number) => void} moved
 * @property {AbortSignal} signal
 */
import { filmFormat, filmOf, planFor, recorderOf } from "room/files/film-format";

const FILM = /\.(mp4|m4v|mov|webm|3gp)$/i; // phones that say no type
const FRAME_RATE = 30;
const SHARES = [0.8, 0.5]; // of the limit is aimed at: recorders only come near their rate
const STALLED_MS = 20_000; // nothing was played for so long
const PIECE_MS = 1_000;

/** One at a time: phones decode no more. */
let turn = Promise.resolve();

/** @param {File} file */
export function canShrink({ type, name }) {
  const isFilm = type.startsWith("video/") || (!type && FILM.test(name));
  return isFilm && Boolean(filmFormat()) && "captureStream" in HTMLCanvasElement.prototype;
}

/**
 * Throws a `Failure`: `unreadable`, `too_long`, or `film` for a browser that cannot.
 * @param {File} file
 * @param {Shrinking} options
 * @returns {Promise<File>}
 */
export function shrinkFilm(file, options) {
  const made = turn.then(() => shrink(file, options));
  turn = made.then(
    () => undefined,
    () => undefined,
  );
  return made;
}

/** @param {File} file @param {Shrinking} options */
async function shrink(file, options) {
  for (const share of SHARES) {
    const film = await open(file, options.signal);
    try {
      const plan = planFor(options.mostBytes * share, film.duration);
      if (!plan) throw failure("too_long");
      const made = await record(film, file.name.replace(/\.\w{1,8}$/, ""), plan, options);
      if (made.size <= options.mostBytes) return made;
    } finally {
      URL.revokeObjectURL(film.src);
      film.removeAttribute("src");
      film.load();
    }
  }
  throw failure("film");
}

/**
 * The film, ready to be played from its beginning.
 * @param {File} file
 * @param {AbortSignal} signal
 */
async function open(file, signal) {
  signal.throwIfAborted();
  const film = document.createElement("video");
  film.playsInline = true;
  film.preload = "auto";
  film.src = URL.createObjectURL(file);
  await until(film, "loadedmetadata", signal);
  if (!film.videoWidth) throw failure("unreadable");
  if (film.duration === Infinity) {
    film.currentTime = Number.MAX_SAFE_INTEGER; // what a browser recorded does not say how long it is
    await until(film, "seeked", signal);
    film.currentTime = 0;
    await until(film, "seeked", signal);
  }
  return film;
}

/**
 * @param {HTMLVideoElement} film
 * @param {string} stem
 * @param {import("room/files/film-format").Plan} plan
 * @param {Shrinking} options
 */
async function record(film, stem, plan, { moved, signal }) {
  const over = new AbortController();
  const sound = new AudioContext();
  const heard = sound.createMediaStreamDestination();
  sound.createMediaElementSource(film).connect(heard);
  const seen = draw(film, plan.height, over.signal);
  const recorder = recorderOf(new MediaStream([...seen.getTracks(), ...heard.stream.getTracks()]), plan);
  const made = filmOf(recorder, stem);
  made.catch(() => undefined); // it may have no reader any more
  film.addEventListener("timeupdate", () => moved(film.currentTime / film.duration), { signal: over.signal });
  document.addEventListener("visibilitychange", () => rest(film, recorder), { signal: over.signal });
  try {
    await sound.resume().catch(() => Promise.reject(failure("film")));
    const ended = until(film, "ended", signal);
    ended.catch(() => undefined); // it may have no reader, either
    recorder.start(PIECE_MS); // before the film plays: nothing of its beginning is lost where sound comes late
    if (document.hidden) rest(film, recorder);
    else await film.play().catch(() => Promise.reject(failure("film")));
    await ended;
    recorder.stop();
    return await made;
  } finally {
    over.abort();
    film.pause();
    if (recorder.state !== "inactive") recorder.stop();
    for (const track of seen.getTracks()) track.stop();
    await sound.close();
  }
}

/**
 * The picture, smaller.
 * @param {HTMLVideoElement} film
 * @param {number} height  of the shorter side
 * @param {AbortSignal} signal
 */
function draw(film, height, signal) {
  const { videoWidth, videoHeight } = film;
  const scale = Math.min(1, height / Math.min(videoWidth, videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = even(videoWidth * scale);
  canvas.height = even(videoHeight * scale);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
  const step = () => {
    if (signal.aborted) return;
    pen.drawImage(film, 0, 0, canvas.width, canvas.height);
    if ("requestVideoFrameCallback" in film) film.requestVideoFrameCallback(step);
    else requestAnimationFrame(step);
  };
  step();
  return canvas.captureStream(FRAME_RATE);
}

/**
 * @param {HTMLVideoElement} film
 * @param {MediaRecorder} recorder
 */
function rest(film, recorder) {
  if (document.hidden) {
    film.pause();
    if (recorder.state === "recording") recorder.pause();
  } else {
    film.play().catch(() => undefined); // what stands still is noticed
    if (recorder.state === "paused") recorder.resume();
  }
}

/**
 * Until the film says so. Throws a `Failure` when it cannot be read or stands still, and whatever stopped it.
 * @param {HTMLVideoElement} film
 * @param {string} event
 * @param {AbortSignal} signal
 */
function until(film, event, signal) {
  const over = new AbortController();
  return new Promise((resolve, reject) => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let patience;
    const wait = () => {
      clearTimeout(patience);
      patience = setTimeout(() => (document.hidden ? wait() : reject(failure("unreadable"))), STALLED_MS);
    };
    const listen = { signal: over.signal };
    film.addEventListener(event, resolve, listen);
    film.addEventListener("error", () => reject(failure("unreadable")), listen);
    film.addEventListener("timeupdate", wait, listen);
    signal.addEventListener("abort", () => reject(signal.reason), listen);
    wait();
    over.signal.addEventListener("abort", () => clearTimeout(patience));
  }).finally(() => over.abort());
}

/** @param {number} length */
const even = (length) => Math.max(2, Math.round(length / 2) * 2);

/** @param {string} code */
const failure = (code) => ({ code, detail: "" });
