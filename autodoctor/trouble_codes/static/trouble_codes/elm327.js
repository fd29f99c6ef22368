// @ts-check
/**
 * The dialogue with an ELM327 and its many copies: a command ends with a carriage return, its answer with ">".
 *
 * @typedef {{ onText: (text: string) => void, onLost: () => void, write: (text: string) => Promise<void> }} Port
 */
import { ReadingFailed } from "trouble_codes/reading-failed";

const MOST = 8_192; // characters of one answer: 127 codes of eight control units are less

export class Elm327 {
  #port;
  #text = "";
  /** @type {{ resolve: (text: string) => void, reject: (error: Error) => void } | null} */
  #waiting = null;
  /** @type {ReadingFailed | null} */
  #over = null;

  /** @param {Port} port */
  constructor(port) {
    this.#port = port;
    port.onText = (text) => this.#heard(text);
    port.onLost = () => this.stop(new ReadingFailed("lost"));
  }

  /** End the dialogue: who waits for an answer, and whoever asks from now on, gets this. @param {ReadingFailed} error */
  stop(error) {
    this.#over ??= error;
    this.#waiting?.reject(this.#over);
  }

  /**
   * Ask, and return the lines of the answer, in capitals and without blanks and echo.
   * @param {string} command
   * @param {number} patience  milliseconds
   */
  async ask(command, patience) {
    const timer = setTimeout(() => this.#waiting?.reject(new ReadingFailed("silent")), patience);
    try {
      return linesOf(await this.#answerTo(command), command);
    } finally {
      clearTimeout(timer);
      this.#waiting = null;
    }
  }

  /** @param {string} command @returns {Promise<string>} */
  #answerTo(command) {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(this.#over);
      this.#text = "";
      this.#waiting = { resolve, reject };
      this.#port.write(`${command}\r`).catch(reject);
    });
  }

  /** Copies send empty octets in between. @param {string} text */
  #heard(text) {
    this.#text += text.replaceAll("\0", "");
    const end = this.#text.indexOf(">");
    if (end >= 0) this.#waiting?.resolve(this.#text.slice(0, end));
    else if (this.#text.length > MOST) this.#waiting?.reject(new ReadingFailed("garbled"));
  }
}

/** @param {string} answer @param {string} command */
function linesOf(answer, command) {
  const lines = answer.split(/[\r\n]+/).map((line) => line.replace(/\s/g, "").toUpperCase());
  return lines.filter((line) => line && line !== command);
}
