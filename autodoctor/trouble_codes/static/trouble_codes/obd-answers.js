// @ts-check
/** What the car's control units answer, as an ELM327 without headers writes it: hexadecimal digits, line by line. */
import { ReadingFailed } from "trouble_codes/reading-failed";

const WHILE_IT_LOOKS = /^(SEARCHING\.*|BUSINIT:\.*OK)/;
/** What an adapter says in place of an answer, without blanks. */
const NO_CAR = /UNABLETOCONNECT|BUSINIT:|BUSBUSY|BUSERROR|CANERROR|LVRESET|ACTALERT|LPALERT/;
const LENGTH = /^[0-9A-F]{3}$/; // of a message in several frames, in octets
const FRAME = /^([0-9A-F]):([0-9A-F]+)$/;
const OCTETS = /^([0-9A-F]{2})+$/;
const LETTERS = "PCBU";

/**
 * @param {string[]} lines
 * @param {number} mode  0x03, 0x07 or 0x0a
 * @param {boolean | null} isCan  whether the car's network is CAN; null: the adapter does not know
 * @returns {string[]}  codes such as "P0301"; none also where the car does not know the mode
 */
export function codesIn(lines, mode, isCan) {
  const said = lines.map((line) => line.replace(WHILE_IT_LOOKS, "")).filter(Boolean);
  if (said.some((line) => NO_CAR.test(line))) throw new ReadingFailed("no-car");
  if (said.some((line) => line.includes("NODATA"))) return [];
  const messages = messagesIn(said);
  const answers = messages.filter((message) => message[0] === mode + 0x40);
  const refusals = messages.filter(([first, second]) => first === 0x7f && second === mode);
  if (!answers.length && !refusals.length) throw new ReadingFailed("garbled");
  return [...new Set(answers.flatMap((message) => codesOf(message.slice(1), isCan)))];
}

/**
 * The messages, of one frame or several. Where frames of two control units may be mixed up, nothing is guessed.
 * @param {string[]} lines
 */
function messagesIn(lines) {
  /** @type {{ length: number, frames: number, octets: number[] }[]} */
  const long = [];
  const short = [];
  for (const line of lines) {
    const frame = FRAME.exec(line);
    if (LENGTH.test(line)) long.push({ length: parseInt(line, 16), frames: 0, octets: [] });
    else if (frame) append(long, parseInt(frame[1], 16), octetsOf(frame[2]));
    else short.push(octetsOf(line));
  }
  if (long.some(({ length, octets }) => octets.length < length)) throw new ReadingFailed("garbled");
  return [...short, ...long.map(({ length, octets }) => octets.slice(0, length))];
}

/**
 * @param {{ length: number, frames: number, octets: number[] }[]} messages
 * @param {number} number  of the frame: 0 to 15, then from 0 again
 * @param {number[]} octets
 */
function append(messages, number, octets) {
  const open = messages.filter((one) => one.octets.length < one.length && one.frames % 16 === number);
  if (open.length !== 1) throw new ReadingFailed("garbled");
  open[0].octets.push(...octets);
  open[0].frames += 1;
}

/**
 * On CAN the number of codes stands before them; elsewhere there are always three, of which some are empty.
 * @param {number[]} octets  behind the mode
 * @param {boolean | null} isCan
 */
function codesOf(octets, isCan) {
  const counted = isCan ?? octets.length % 2 === 1;
  if (counted ? octets.length < 1 + 2 * octets[0] : octets.length % 2) throw new ReadingFailed("garbled");
  const pairs = counted ? octets.slice(1, 1 + 2 * octets[0]) : octets;
  const codes = [];
  for (let at = 0; at + 1 < pairs.length; at += 2)
    if (pairs[at] || pairs[at + 1]) codes.push(codeOf(pairs[at], pairs[at + 1]));
  return codes;
}

/** The first two bits are the letter, the next two the first digit. @param {number} high @param {number} low */
function codeOf(high, low) {
  const digits = (((high & 0x3f) << 8) | low).toString(16).toUpperCase().padStart(4, "0");
  return LETTERS[high >> 6] + digits;
}

/** @param {string} digits */
function octetsOf(digits) {
  if (!OCTETS.test(digits)) throw new ReadingFailed("garbled");
  return (digits.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
}
