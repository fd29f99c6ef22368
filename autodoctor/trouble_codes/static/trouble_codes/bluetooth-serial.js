// @ts-check
/**
 * A Bluetooth adapter as a line on which text comes and goes. Adapters have no profile in common: each maker has a
 * service with one characteristic that tells and one that takes, and clones exchange the two.
 */
import { ReadingFailed } from "trouble_codes/reading-failed";

const SERVICES = [0xffe0, 0xfff0, 0x18f0];
/** How adapters call themselves that do not say which services they have. */
const NAMES = ["OBD", "V-LINK", "IOS-Vlink", "Android-Vlink", "Vgate", "VEEPEAK", "ELM", "Viecar", "LELink", "KONNWEI"];
const AT_ONCE = 20; // octets: what every adapter takes

export class BluetoothSerial {
  /** @type {(text: string) => void} */
  onText = () => {};
  /** The adapter is out of reach, or was taken out. */
  onLost = () => {};
  #device;
  #decoder = new TextDecoder("latin1");
  /** @type {BluetoothRemoteGATTCharacteristic | undefined} */
  #tells;
  /** @type {BluetoothRemoteGATTCharacteristic | undefined} */
  #takes;

  /** @param {BluetoothDevice} device */
  constructor(device) {
    this.#device = device;
    device.addEventListener("gattserverdisconnected", this.#lost);
  }

  /** Have the person choose one. @param {boolean} all  also devices that look like no adapter */
  static async choose(all) {
    const { bluetooth } = navigator;
    if (!bluetooth || !(await bluetooth.getAvailability())) throw new ReadingFailed("off");
    const known = [...SERVICES.map((one) => ({ services: [one] })), ...NAMES.map((namePrefix) => ({ namePrefix }))];
    const which = all ? { acceptAllDevices: true } : { filters: known };
    try {
      return new BluetoothSerial(await bluetooth.requestDevice({ ...which, optionalServices: SERVICES }));
    } catch (error) {
      throw new ReadingFailed(/** @type {Error} */ (error).name === "NotFoundError" ? "unchosen" : "denied");
    }
  }

  /** @param {number} patience  milliseconds */
  async open(patience) {
    try {
      await inTime(this.#open(), patience);
    } catch (error) {
      throw error instanceof ReadingFailed ? error : new ReadingFailed("unreachable");
    }
  }

  /** @param {string} text */
  async write(text) {
    const octets = new TextEncoder().encode(text);
    for (let first = 0; first < octets.length; first += AT_ONCE) await this.#send(octets.slice(first, first + AT_ONCE));
  }

  /** However it stands: the adapter is free for others again. */
  close() {
    this.#device.removeEventListener("gattserverdisconnected", this.#lost);
    this.#tells?.removeEventListener("characteristicvaluechanged", this.#heard);
    this.#device.gatt?.disconnect();
  }

  async #open() {
    const server = await this.#device.gatt?.connect();
    for (const service of (await server?.getPrimaryServices()) ?? []) {
      const all = await service.getCharacteristics();
      const tells = all.find(({ properties }) => properties.notify || properties.indicate);
      const takes = all.find(({ properties }) => properties.write || properties.writeWithoutResponse);
      if (!tells || !takes) continue;
      [this.#tells, this.#takes] = [tells, takes];
      tells.addEventListener("characteristicvaluechanged", this.#heard);
      await tells.startNotifications();
      return;
    }
    throw new ReadingFailed("no-adapter");
  }

  /** @param {Uint8Array<ArrayBuffer>} octets */
  async #send(octets) {
    try {
      if (this.#takes?.properties.write) await this.#takes.writeValueWithResponse(octets);
      else await this.#takes?.writeValueWithoutResponse(octets);
    } catch {
      throw new ReadingFailed("lost");
    }
  }

  #heard = () => {
    if (this.#tells?.value) this.onText(this.#decoder.decode(this.#tells.value));
  };

  #lost = () => this.onLost();
}

/**
 * @param {Promise<void>} work
 * @param {number} patience  milliseconds
 */
function inTime(work, patience) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new ReadingFailed("unreachable")), patience);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
