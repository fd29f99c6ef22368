// @ts-check
/**
 * Takes a photo with the camera of a running call, as sharp as the camera can: by ImageCapture where the browser has it,
 * else from the largest picture that the camera sends. The call goes on meanwhile.
 *
 * @typedef {import("room/call/devices").CameraCapabilities} CameraCapabilities
 */
import { within } from "lib/patience";
import { onCanvas } from "room/call/picture-loader";

const CAPTURE_MS = 6_000; // a camera that has not answered by then gets no further question
const FRAME_MS = 3_000;
const FRAME_EVERY_MS = 30;
const QUALITY = 0.92;
const SMALLER = [0.85, 0.7, 0.5]; // shares of the size, until the file is small enough

/**
 * @param {MediaStreamTrack} track
 * @param {number} maxBytes
 * @returns {Promise<Blob>}
 */
export async function takePhoto(track, maxBytes) {
  const photo = await captured(track).catch(() => null);
  const sharpest = photo && (await isSharp(photo, track)) ? photo : await largestFrame(track).catch(() => photo);
  if (!sharpest) throw new Error("no photo");
  return sharpest.size <= maxBytes && sharpest.type === "image/jpeg" ? sharpest : fitted(sharpest, maxBytes);
}

/**
 * Whether a photo is as large as the pictures that the camera sends. Those of phones are larger; of other cameras some
 * browsers just take the picture that is sent now.
 * @param {Blob} photo
 * @param {MediaStreamTrack} track
 */
async function isSharp(photo, track) {
  const picture = await createImageBitmap(photo);
  const pixels = picture.width * picture.height;
  picture.close();
  const { width, height } = largestOf(track);
  return pixels >= width * height;
}

/** @param {MediaStreamTrack} track */
function largestOf(track) {
  /** @type {CameraCapabilities} */
  const { width, height } = track.getCapabilities?.() ?? {};
  return { width: width?.max ?? 0, height: height?.max ?? 0 };
}

/** @param {MediaStreamTrack} track @returns {Promise<Blob | null>}  null: this browser cannot */
async function captured(track) {
  if (!("ImageCapture" in window)) return null;
  const camera = new ImageCapture(track);
  const can = await camera.getPhotoCapabilities().catch(() => null);
  const [imageWidth, imageHeight] = [can?.imageWidth?.max, can?.imageHeight?.max];
  const size = imageWidth && imageHeight ? { imageWidth, imageHeight } : {};
  const photo = camera.takePhoto(size).catch(() => camera.takePhoto());
  const blob = await within(CAPTURE_MS, photo);
  return blob.size ? blob : null;
}

/** The track is raised to its largest picture, and set back afterwards. @param {MediaStreamTrack} track */
async function largestFrame(track) {
  const before = track.getConstraints();
  const { width, height } = largestOf(track);
  const largest = { ...before, width: { ideal: width || 4096 }, height: { ideal: height || 2160 } };
  await track.applyConstraints(largest).catch(() => undefined);
  try {
    return await frameOf(track);
  } finally {
    await track.applyConstraints(before).catch(() => undefined);
  }
}

/** @param {MediaStreamTrack} track */
async function frameOf(track) {
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
  video.srcObject = new MediaStream([track]);
  try {
    await within(FRAME_MS, video.play());
    await within(FRAME_MS, grown(video, track)).catch(() => undefined); // as large as it is by then
    return await toJpeg(onCanvas(video, { width: video.videoWidth, height: video.videoHeight }));
  } finally {
    video.srcObject = null;
  }
}

/**
 * The picture has the size that the track says.
 * @param {HTMLVideoElement} video
 * @param {MediaStreamTrack} track
 */
async function grown(video, track) {
  const { width = 0 } = track.getSettings();
  while (video.srcObject && Math.max(video.videoWidth, video.videoHeight) < width) {
    await new Promise((resolve) => setTimeout(resolve, FRAME_EVERY_MS));
  }
}

/** @param {Blob} photo @param {number} maxBytes */
async function fitted(photo, maxBytes) {
  const picture = await createImageBitmap(photo);
  let blob = await toJpeg(onCanvas(picture, picture));
  for (const share of SMALLER) {
    if (blob.size <= maxBytes) break;
    blob = await toJpeg(onCanvas(picture, picture, Math.max(picture.width, picture.height) * share));
  }
  picture.close();
  return blob;
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} */
function toJpeg(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", QUALITY);
  });
}
