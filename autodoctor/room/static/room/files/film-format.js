// @ts-check
/** How films are recorded here: in a format that this browser writes, and at rates at which they fit into the limit. */

/** What both browsers play comes first; phones write it with their own chip. */
const FORMATS = [
  "video/mp4;codecs=avc1.42E01F,mp4a.40.2",
  "video/webm;codecs=vp8,opus",
  "video/webm;codecs=vp9,opus",
  "video/mp4",
  "video/webm",
];
const SOUND_RATE = 96_000; // bit/s
const MOST_RATE = 2_500_000; // of a picture of 720 lines: more would only take longer on its way
/** Each height, in pixels, with the rate that it needs at least. */
const HEIGHTS = [
  { height: 720, rate: 1_200_000 },
  { height: 480, rate: 500_000 },
  { height: 360, rate: 250_000 },
];

/** @typedef {{ height: number, rate: number }} Plan  `height` of the shorter side, in pixels; `rate` of the picture, in bit/s */

/** The format that this browser writes; empty if it writes none. */
export function filmFormat() {
  if (typeof MediaRecorder === "undefined") return "";
  return FORMATS.find((each) => MediaRecorder.isTypeSupported(each)) ?? "";
}

/**
 * How a film of so many seconds fits into so many bytes; null if it would not be worth looking at.
 * @param {number} bytes
 * @param {number} seconds
 * @returns {Plan | null}
 */
export function planFor(bytes, seconds) {
  const rate = Math.min(MOST_RATE, (bytes * 8) / seconds - SOUND_RATE);
  const found = HEIGHTS.find((each) => rate >= each.rate);
  return found ? { height: found.height, rate: Math.floor(rate) } : null;
}

/**
 * Records a stream; nothing is recorded before `start`.
 * @param {MediaStream} stream
 * @param {Plan} plan
 */
export function recorderOf(stream, { rate }) {
  const options = { mimeType: filmFormat(), videoBitsPerSecond: rate, audioBitsPerSecond: SOUND_RATE };
  return new MediaRecorder(stream, options);
}

/**
 * The recorded film, once the recorder has stopped.
 * @param {MediaRecorder} recorder
 * @param {string} stem  of its name
 * @returns {Promise<File>}
 */
export function filmOf(recorder, stem) {
  /** @type {Blob[]} */
  const pieces = [];
  return new Promise((resolve, reject) => {
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    recorder.onerror = () => reject(new Error("the recorder has failed"));
    recorder.onstop = () => {
      const type = recorder.mimeType.split(";")[0];
      resolve(new File(pieces, `${stem}.${type.slice("video/".length)}`, { type }));
    };
  });
}
