"""Films as a phone records them, made by the browser of a test."""

import base64
import struct

from playwright.sync_api import Page

LEAST = 100_000  # bytes. Of a busy machine's first seconds there may be sound only, a tenth of it
# A moving picture of noise, which no recorder makes small, with a tone.
_RECORD = """async ({ seconds, width, height, rate, least }) => {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d");
  const paint = () => {
    for (let count = 0; count < 400; count += 1) {
      pen.fillStyle = `hsl(${Math.random() * 360} 90% 50%)`;
      pen.fillRect(Math.random() * width, Math.random() * height, 60, 60);
    }
  };
  paint();
  const painting = setInterval(paint, 40);
  const context = new AudioContext();
  const tone = new OscillatorNode(context);
  const heard = context.createMediaStreamDestination();
  tone.connect(heard);
  tone.start();
  const stream = new MediaStream([...canvas.captureStream(25).getTracks(), ...heard.stream.getTracks()]);
  const recorder = new MediaRecorder(stream, { mimeType: "video/webm;codecs=vp8,opus", videoBitsPerSecond: rate });
  const parts = [], begun = performance.now();
  const made = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.ondataavailable = ({ data }) => {
    parts.push(data);
    const isLong = performance.now() - begun >= seconds * 1000;
    if (isLong && new Blob(parts).size >= least && recorder.state === "recording") recorder.stop();
  };
  recorder.start(100);
  await made;
  clearInterval(painting);
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}"""


def recorded(page: Page, *, seconds: float = 1.5, width: int = 960, height: int = 540) -> bytes:
    """Return a WebM film that this page records in so many seconds, or more until there are pictures in it."""
    wishes = {"seconds": seconds, "width": width, "height": height, "rate": 2_000_000, "least": LEAST}
    return base64.b64decode(page.evaluate(_RECORD, wishes))


def padded(film: bytes, size: int) -> bytes:
    """Return the WebM film with so many bytes that no player looks at."""
    filling = max(0, size - len(film) - 9)
    return film + b"\xec" + struct.pack(">Q", 1 << 56 | filling) + bytes(filling)
