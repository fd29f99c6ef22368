// @ts-check
/** Brings pictures onto a canvas, in their full size: those of the session's files, and what a camera shows. */

const PATIENCE_MS = 60_000; // a large photo takes long on a thin line
const MOST_PX = 4_096; // of the longer side: phones give larger canvases no memory

/**
 * A file of the session. Past the cache: where files are in a store elsewhere, it may have one that pages cannot use.
 * @param {string} address
 */
export async function loadPicture(address) {
  const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(String(answer.status));
  const picture = await createImageBitmap(await answer.blob());
  const canvas = onCanvas(picture, picture);
  picture.close();
  return canvas;
}

/**
 * @param {CanvasImageSource} source
 * @param {{ width: number, height: number }} size  of the source
 * @param {number} [most]  pixels of the longer side
 */
export function onCanvas(source, { width, height }, most = MOST_PX) {
  const share = Math.min(1, most / Math.max(width, height));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: Math.round(width * share), height: Math.round(height * share) });
  canvas.getContext("2d")?.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}
