// @ts-check
/** The codes of a car, read by its adapter: those it has stored, those that are on their way, and those it cannot forget. */
import { codesIn } from "trouble_codes/obd-answers";

/** Milliseconds. `car`: for the first answer the adapter tries one network after the other. */
export const PATIENCE = { connect: 15_000, reset: 5_000, setting: 3_000, car: 30_000, more: 8_000, quiet: 300 };
const SETTINGS = ["ATE0", "ATL0", "ATS0", "ATH0", "ATSP0"]; // no echo, breaks, blanks and headers; any network
const [STORED, PENDING, PERMANENT] = [0x03, 0x07, 0x0a];
const CAN = /^A?[6-9A-C]$/;
const OTHER = /^A?[1-5]$/;

/**
 * @param {import("trouble_codes/elm327").Elm327} adapter
 * @param {typeof PATIENCE} [patience]
 * @returns {Promise<string[]>}  each once, the stored ones first
 */
export async function readCodes(adapter, patience = PATIENCE) {
  await adapter.ask("ATZ", patience.reset);
  await new Promise((done) => setTimeout(done, patience.quiet)); // an answer to somebody who came before is over
  for (const setting of SETTINGS) await adapter.ask(setting, patience.setting); // copies that know one not say "?"
  const answer = await adapter.ask("03", patience.car);
  const isCan = await networkIsCan(adapter, patience);
  const codes = new Set(codesIn(answer, STORED, isCan));
  for (const mode of [PENDING, PERMANENT])
    for (const code of await further(adapter, mode, isCan, patience)) codes.add(code);
  return [...codes];
}

/** @param {import("trouble_codes/elm327").Elm327} adapter @param {typeof PATIENCE} patience */
async function networkIsCan(adapter, patience) {
  const [network = ""] = await adapter.ask("ATDPN", patience.setting);
  if (CAN.test(network)) return true;
  return OTHER.test(network) ? false : null;
}

/**
 * Older cars do not know them, and what was read before is not given up for them.
 * @param {import("trouble_codes/elm327").Elm327} adapter
 * @param {number} mode
 * @param {boolean | null} isCan
 * @param {typeof PATIENCE} patience
 */
async function further(adapter, mode, isCan, patience) {
  try {
    const command = mode.toString(16).toUpperCase().padStart(2, "0");
    return codesIn(await adapter.ask(command, patience.more), mode, isCan);
  } catch {
    return [];
  }
}
