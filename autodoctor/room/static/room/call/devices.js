// @ts-check
/**
 * Cameras and microphones: opening, errors, the list of devices, and the saved choice.
 *
 * @typedef {"camera"|"microphone"} Kind
 * @typedef {"denied"|"system"|"missing"|"busy"|"insecure"|"unclear"} Reason
 * @typedef {{ stream: MediaStream, reason?: undefined } | { stream?: undefined, reason: Reason }} Opened
 */

/** @type {Record<Kind, MediaDeviceKind>} */
const LISTED_AS = { camera: "videoinput", microphone: "audioinput" };
/** By the error's name: what is asked for by its id and gone counts as missing too; older browsers have names of their own. @type {Record<string, Reason>} */
const REASONS = {
  NotAllowedError: "denied",
  PermissionDeniedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  DevicesNotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  TrackStartError: "busy",
  AbortError: "busy",
};

/**
 * Opens all devices with one question of the browser if possible, else each separately, so that a failing device does
 * not keep the other one closed.
 * @template {Kind} Wanted
 * @param {Wanted[]} kinds
 * @param {"user"|"environment"} facing  which camera, unless one was chosen before
 * @returns {Promise<Record<Wanted, Opened>>}
 */
export async function openAll(kinds, facing) {
  const together = kinds.length > 1 ? await open(kinds, facing) : null;
  /** @type {[Kind, Opened][]} */
  const opened = [];
  for (const kind of kinds)
    opened.push([kind, together?.stream ? part(together.stream, kind) : await open([kind], facing)]);
  return /** @type {Record<Wanted, Opened>} */ (Object.fromEntries(opened));
}

/**
 * @param {Kind} kind
 * @returns {Promise<MediaDeviceInfo[]>}  with names only once one of them was opened
 */
export async function list(kind) {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter((device) => device.kind === LISTED_AS[kind] && device.deviceId);
}

/**
 * Whether the browser has permission for all of these, so that opening them asks no question.
 * @param {Kind[]} kinds
 */
export async function isDecided(kinds) {
  const names = /** @type {PermissionName[]} */ (kinds);
  try {
    const found = await Promise.all(names.map((name) => navigator.permissions.query({ name })));
    return found.every(({ state }) => state !== "prompt");
  } catch {
    return false;
  }
}

/** @param {Kind} kind */
export const chosen = (kind) => remembered(`devices:${kind}`);

/**
 * Save the choice in this browser.
 * @param {Kind} kind
 * @param {string} id
 */
export function choose(kind, id) {
  try {
    localStorage.setItem(`devices:${kind}`, id);
  } catch {
    return; // a browser that keeps nothing
  }
}

/** @param {MediaStream | undefined} stream */
export function close(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/**
 * @param {Kind[]} kinds
 * @param {"user"|"environment"} facing
 * @returns {Promise<Opened>}
 */
async function open(kinds, facing) {
  if (!navigator.mediaDevices?.getUserMedia) return { reason: "insecure" };
  const first = await attempt(wishes(kinds, facing, chosen));
  // The chosen device is missing: open another one.
  const isGone = first.reason === "missing" && kinds.some(chosen);
  return isGone ? attempt(wishes(kinds, facing, () => "")) : first;
}

/** @param {MediaStreamConstraints} constraints @returns {Promise<Opened>} */
async function attempt(constraints) {
  try {
    return { stream: await navigator.mediaDevices.getUserMedia(constraints) };
  } catch (error) {
    return { reason: reasonOf(/** @type {DOMException} */ (error)) };
  }
}

/**
 * @param {Kind[]} kinds
 * @param {"user"|"environment"} facing
 * @param {(kind: Kind) => string} which  the id of the one that is meant, if any
 * @returns {MediaStreamConstraints}
 */
function wishes(kinds, facing, which) {
  const camera = which("camera");
  const microphone = which("microphone");
  const aim = camera ? { deviceId: { exact: camera } } : { facingMode: { ideal: facing } };
  const video = { ...aim, width: { ideal: 1280 }, height: { ideal: 720 } };
  const audio = microphone ? { deviceId: { exact: microphone } } : true;
  return { video: kinds.includes("camera") && video, audio: kinds.includes("microphone") && audio };
}

/** @param {Pick<DOMException, "name"|"message">} error @returns {Reason} */
export function reasonOf({ name, message }) {
  const reason = REASONS[name] ?? "unclear";
  return reason === "denied" && /system/i.test(message) ? "system" : reason;
}

/**
 * @param {MediaStream} stream
 * @param {Kind} kind
 * @returns {Opened}
 */
function part(stream, kind) {
  return { stream: new MediaStream(kind === "camera" ? stream.getVideoTracks() : stream.getAudioTracks()) };
}

/** @param {string} key */
function remembered(key) {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}
