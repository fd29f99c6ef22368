// @ts-check
/**
 * Why codes could not be read.
 *
 * @typedef {"off"|"denied"|"unchosen"|"unreachable"|"no-adapter"|"silent"|"no-car"|"garbled"|"lost"|"stopped"} Reason
 */

export class ReadingFailed extends Error {
  /** @param {Reason} reason */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}
