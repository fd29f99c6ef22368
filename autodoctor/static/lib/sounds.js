// @ts-check
/**
 * Short synthesized tones. Silent until the person has touched the page, as browsers require, and while sounds are
 * switched off, except for the test of the speaker.
 */
import { soundsAreOn } from "lib/sound-switch";

/** Pitches in hertz, each a note of NOTE_SECONDS. @type {Record<"warning"|"last"|"waiting"|"message"|"ended"|"test", number[]>} */
const TUNES = {
  warning: [660, 880],
  last: [880, 880, 880],
  waiting: [523, 659, 784],
  message: [988],
  ended: [784, 523],
  test: [392, 523, 659, 784, 659, 784],
};
const NOTE_SECONDS = 0.18;
const LOUDNESS = 0.15;

/** @type {AudioContext | undefined} */
let audio;

/** @param {keyof typeof TUNES} name */
export async function play(name) {
  if (!navigator.userActivation?.hasBeenActive || !(soundsAreOn() || name === "test")) return;
  audio ??= new AudioContext();
  await audio.resume().catch(() => undefined); // during a phone call: nothing is heard then
  if (audio.state !== "running") return;
  TUNES[name].forEach((pitch, place) => note(/** @type {AudioContext} */ (audio), pitch, place * NOTE_SECONDS));
}

/**
 * @param {AudioContext} context
 * @param {number} pitch
 * @param {number} delay  seconds
 */
function note(context, pitch, delay) {
  const from = context.currentTime + delay;
  const tone = new OscillatorNode(context, { frequency: pitch });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setTargetAtTime(LOUDNESS, from, 0.01);
  volume.gain.setTargetAtTime(0, from + NOTE_SECONDS * 0.6, 0.03);
  tone.connect(volume).connect(context.destination);
  tone.start(from);
  tone.stop(from + NOTE_SECONDS * 2);
}
