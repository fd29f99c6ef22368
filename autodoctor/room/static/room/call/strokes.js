// @ts-check
/**
 * Strokes on a photo, in shares of its width and height, and how they look. Each of the two people has a color.
 *
 * @typedef {import("room/wire/frames").DrawingTool} Tool
 * @typedef {import("room/wire/frames").DrawnPoint} Point
 * @typedef {"customer" | "mechanic"} Side
 * @typedef {{ id: string, by: Side, tool: Tool, points: Point[] }} Stroke
 * @typedef {{ x: number, y: number }} Pixel
 */

const LINE_SHARE = 1 / 160; // of the picture's longer side
const EDGE = "#1f1206";
/** @type {Record<Side, string>} */
const COLORS = { mechanic: "#ff7a1f", customer: "#4cc2ff" };

/**
 * @param {HTMLCanvasElement} canvas  of the size in which the picture is to be
 * @param {CanvasImageSource} picture
 * @param {Iterable<Stroke>} strokes
 */
export function paint(canvas, picture, strokes) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const { width, height } = canvas;
  pen.drawImage(picture, 0, 0, width, height);
  const line = Math.max(width, height) * LINE_SHARE;
  pen.lineCap = pen.lineJoin = "round";
  for (const stroke of strokes) {
    const path = shape(stroke, canvas, line);
    Object.assign(pen, { strokeStyle: EDGE, lineWidth: line * 1.8 });
    pen.stroke(path);
    Object.assign(pen, { strokeStyle: COLORS[stroke.by], lineWidth: line });
    pen.stroke(path);
  }
}

/**
 * @param {Stroke} stroke
 * @param {{ width: number, height: number }} size  of the picture
 * @param {number} line  its width
 */
function shape({ tool, points }, size, line) {
  const pixels = points.map(([x, y]) => ({ x: x * size.width, y: y * size.height }));
  const [from, to = from] = pixels;
  const path = new Path2D();
  if (tool === "circle") {
    const [width, height] = [Math.abs(to.x - from.x), Math.abs(to.y - from.y)];
    path.ellipse((from.x + to.x) / 2, (from.y + to.y) / 2, width / 2, height / 2, 0, 0, 2 * Math.PI);
    return path;
  }
  path.moveTo(from.x, from.y);
  for (const { x, y } of pixels) path.lineTo(x, y);
  if (tool === "arrow") addHead(path, from, to, line * 6);
  return path;
}

/**
 * @param {Path2D} path
 * @param {Pixel} from
 * @param {Pixel} to
 * @param {number} length
 */
function addHead(path, from, to, length) {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  for (const turn of [-0.5, 0.5]) {
    path.moveTo(to.x, to.y);
    path.lineTo(to.x - length * Math.cos(angle + turn), to.y - length * Math.sin(angle + turn));
  }
}
