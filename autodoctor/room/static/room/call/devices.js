// @ts-check
/**
 * Cameras, microphones and speakers. Only this module asks the browser for them: it opens them and says why that failed,
 * lists them, tells when the list or a permission changes, knows what a camera can do, and keeps what a person has chosen.
 *
 * @typedef {"camera"|"microphone"|"speaker"} Kind
 * @typedef {"denied"|"system"|"missing"|"busy"|"insecure"|"unclear"} Reason
 * @typedef {{ stream: MediaStream, reason?: undefined } | { stream?: undefined, reason: Reason }} Opened
 * @typedef {{ camera: string | null, microphone: string | null }} Ids  of the devices that are meant, if any
 *
 * @typedef {"video"|"audio"|"photos"|"chat"} Mode
 * @typedef {"audio"|"video"} TrackKind  as what a device is sent
 * @typedef {Ids & { mode: Mode, maxHeight: number }} Choice  with which devices somebody takes part in a call, if at all
 * @typedef {{ isRaw: boolean, facing: string }} How  `isRaw`: the sound as it is; `facing`: unless a camera was chosen
 *
 * @typedef {{ min: number, max: number, step: number }} ZoomRange
 * @typedef {MediaTrackCapabilities & { torch?: boolean, zoom?: ZoomRange }} CameraCapabilities
 * @typedef {MediaTrackSettings & { zoom?: number }} CameraSettings
 * @typedef {{ torch: boolean, zoom: (ZoomRange & { now: number }) | null }} Abilities
 */

import { quietly } from "lib/typed-text";

export const TRACK_KINDS = /** @type {TrackKind[]} */ (["audio", "video"]);
/** @type {Record<TrackKind, "microphone" | "camera">} */
export const DEVICE_OF = { audio: "microphone", video: "camera" };
/** @type {Record<Kind, MediaDeviceKind>} */
const LISTED_AS = { camera: "videoinput", microphone: "audioinput", speaker: "audiooutput" };
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
const SPEECH = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
/** An engine is no voice: what makes speech clear takes away what a mechanic listens for. */
const AS_IT_IS = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const FRAME_RATE = 30;
const SHARED_FRAME_RATE = 15;

// What there is

/**
 * @param {Kind} kind
 * @returns {Promise<MediaDeviceInfo[]>}  with names only once one of them was opened
 */
export async function list(kind) {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter((device) => device.kind === LISTED_AS[kind] && device.deviceId);
}

/**
 * The devices as options of a picker.
 * @param {Kind} kind
 * @param {() => string | undefined} used  the id of the one in use
 */
export async function optionsFor(kind, used) {
  const devices = await list(kind);
  const present = used();
  return devices.map(({ label, deviceId }) => new Option(label, deviceId, false, deviceId === present));
}

/**
 * A device came or went.
 * @param {() => void} listener
 * @param {AbortSignal} [signal]
 */
export function onChange(listener, signal) {
  navigator.mediaDevices?.addEventListener("devicechange", listener, { signal });
}

/** Null where the browser does not say: Firefox knows no such names. @param {Kind} kind */
export async function permissionFor(kind) {
  const name = /** @type {PermissionName} */ (kind);
  try {
    return (await navigator.permissions?.query({ name })) ?? null;
  } catch {
    return null;
  }
}

/** Whether opening all of these asks no question. @param {Kind[]} kinds */
export async function isDecided(kinds) {
  const found = await Promise.all(kinds.map(permissionFor));
  return found.every((permission) => permission && permission.state !== "prompt");
}

// Open and close

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
 * The device of a call. Raises what the browser raises.
 * @param {TrackKind} kind
 * @param {Choice} choice
 * @param {How} how
 */
export function openStream(kind, { camera, microphone, maxHeight }, { isRaw, facing }) {
  if (kind === "audio") {
    const wishes = isRaw ? AS_IT_IS : SPEECH;
    return ask({ camera: null, microphone }, (ids) => ({ audio: { ...wishes, ...exactly(ids.microphone) } }));
  }
  const size = {
    height: { ideal: maxHeight },
    width: { ideal: (maxHeight * 16) / 9 },
    frameRate: { ideal: FRAME_RATE },
  };
  return ask({ camera, microphone: null }, (ids) => ({ video: { ...aim(ids.camera, facing), ...size } }));
}

/**
 * The camera that looks away from its owner, whichever was chosen for calls, as sharp as a barcode needs it.
 * @returns {Promise<Opened>}
 */
export async function openRearCamera() {
  if (!navigator.mediaDevices?.getUserMedia) return { reason: "insecure" };
  const size = { width: { ideal: 1920 }, height: { ideal: 1080 } };
  try {
    return { stream: await navigator.mediaDevices.getUserMedia({ video: { ...aim(null, "environment"), ...size } }) };
  } catch (error) {
    return { reason: reasonOf(/** @type {DOMException} */ (error)) };
  }
}

export const canShareScreen = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

export async function openScreen() {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: SHARED_FRAME_RATE } });
  const [track] = stream.getVideoTracks();
  track.contentHint = "detail";
  return track;
}

/** @param {MediaStream | undefined} stream */
export function close(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** @param {Pick<DOMException, "name"|"message">} error @returns {Reason} */
export function reasonOf({ name, message }) {
  const reason = REASONS[name] ?? "unclear";
  return reason === "denied" && /system/i.test(message) ? "system" : reason;
}

/**
 * @param {Kind[]} kinds
 * @param {"user"|"environment"} facing
 * @returns {Promise<Opened>}
 */
async function open(kinds, facing) {
  if (!navigator.mediaDevices?.getUserMedia) return { reason: "insecure" };
  const [camera, microphone] = /** @type {const} */ (["camera", "microphone"]).map((kind) => kinds.includes(kind));
  const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
  const ids = { camera: camera ? chosen("camera") : null, microphone: microphone ? chosen("microphone") : null };
  try {
    const stream = await ask(ids, (now) => ({
      video: camera && { ...aim(now.camera, facing), ...size },
      audio: microphone && (now.microphone ? exactly(now.microphone) : true),
    }));
    return { stream };
  } catch (error) {
    return { reason: reasonOf(/** @type {DOMException} */ (error)) };
  }
}

/**
 * The devices that are meant, or if they are not there others.
 * @param {Ids} ids
 * @param {(ids: Ids) => MediaStreamConstraints} wishes
 */
async function ask(ids, wishes) {
  try {
    return await navigator.mediaDevices.getUserMedia(wishes(ids));
  } catch (error) {
    const isMeant = ids.camera || ids.microphone;
    if (!isMeant || reasonOf(/** @type {DOMException} */ (error)) !== "missing") throw error;
    return navigator.mediaDevices.getUserMedia(wishes({ camera: null, microphone: null }));
  }
}

/** @param {string | null} device */
const exactly = (device) => (device ? { deviceId: { exact: device } } : {});

/** @param {string | null} camera @param {string} facing */
const aim = (camera, facing) => (camera ? exactly(camera) : { facingMode: { ideal: facing } });

/** @param {MediaStream} stream @param {Kind} kind @returns {Opened} */
const part = (stream, kind) => ({
  stream: new MediaStream(kind === "camera" ? stream.getVideoTracks() : stream.getAudioTracks()),
});

// What only some cameras and browsers can do: a light, and a zoom

/** @param {MediaStreamTrack | null} track @returns {Abilities} */
export function abilitiesOf(track) {
  /** @type {CameraCapabilities} */
  const { torch, zoom } = track?.getCapabilities?.() ?? {};
  /** @type {CameraSettings} */
  const { zoom: now } = track?.getSettings() ?? {};
  const zooms = zoom && zoom.max > zoom.min ? { ...zoom, step: zoom.step || 0.1, now: now ?? zoom.min } : null;
  return { torch: Boolean(torch), zoom: zooms };
}

/** @param {MediaStreamTrack | null} track @param {MediaTrackConstraintSet & { torch?: boolean, zoom?: number }} constraints */
export async function constrain(track, constraints) {
  await track?.applyConstraints({ advanced: [constraints] });
}

// What was chosen: in this browser, and for a session, on this page and on the next

/** @param {Kind} kind */
export const chosen = (kind) => quietly(() => localStorage.getItem(`devices:${kind}`)) ?? "";

/** @param {Kind} kind @param {string} id */
export function choose(kind, id) {
  quietly(() => localStorage.setItem(`devices:${kind}`, id));
}

/** @param {string} session @returns {Choice} */
export function choiceOf(session) {
  const kept = JSON.parse(sessionStorage.getItem(`preflight:${session}`) ?? "{}");
  return { mode: "video", camera: null, microphone: null, maxHeight: 720, ...kept };
}

/** @param {string} session @param {Record<string, unknown>} choice */
export function keepChoice(session, choice) {
  sessionStorage.setItem(`preflight:${session}`, JSON.stringify(choice));
}
