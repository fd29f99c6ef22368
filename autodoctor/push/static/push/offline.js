// @ts-check
/**
 * The page that this device shows without a connection: it lists what its owner has typed and not sent, each with the way
 * back to where it was typed, and loads what was asked for as soon as there is a connection.
 */
import { keptFor } from "lib/offline";
import { filled, wordsOf } from "lib/templates";
import { kept, placeOf, quietly, recall } from "lib/typed-text";

const OUTBOX = /^room:([0-9a-f-]*):([0-9a-f-]{36}):outbox$/;
const HEALTH = "/api/health";
const LOOK_EVERY_MS = 3_000;
const PATIENCE_MS = 10_000;
const MOST_SHOWN = 200; // characters of each text
const WRITTEN_ALONE = new Set(["message", "help"]); // the others are kept with fields around them

/** @typedef {{ kind: string, path: string, text: string }} Draft */

/** Whether the person whose summary is kept here wrote it, or a visitor. @param {string} by */
const isMine = (by) => !by || by === keptFor();

/** @returns {Draft[]} */
function drafts() {
  return kept().flatMap((key) => {
    const place = placeOf(key);
    const kind = key.split(":")[0];
    const text = WRITTEN_ALONE.has(kind) ? recall(key) : "";
    return place && isMine(place.by) ? [{ kind, path: place.path, text }] : [];
  });
}

/** What was sent in this tab and has not arrived; the session's page sends it again. @returns {Draft[]} */
function unsent() {
  const keys = quietly(() => Object.keys(sessionStorage)) ?? [];
  return keys.flatMap((key) => {
    const [, by, session] = key.match(OUTBOX) ?? [];
    if (by === undefined || !isMine(by)) return [];
    const texts = JSON.parse(sessionStorage.getItem(key) ?? "[]").map(
      (/** @type {{ text: string }} */ each) => each.text,
    );
    return [{ kind: "message", path: `/sessions/${session}/`, text: texts.join("\n") }];
  });
}

/** @param {HTMLElement} area */
function showDrafts(area) {
  const list = /** @type {HTMLElement} */ (area.querySelector("ul"));
  for (const { kind, path, text: all } of [...unsent(), ...drafts()]) {
    const title = wordsOf(area, kind) || wordsOf(area, "other");
    const text = all.slice(0, MOST_SHOWN);
    const row = filled(area.querySelector("template"), { title, text });
    /** @type {HTMLAnchorElement} */ (row.querySelector("[data-place]")).href = path;
    list.append(row);
  }
  area.hidden = !list.children.length;
}

/** The device may believe to be online before anybody answers: ask the server, and load what was asked for. */
async function look() {
  if (navigator.onLine && (await answers())) location.reload();
}

async function answers() {
  const answer = await fetch(HEALTH, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
  return answer?.ok ?? false;
}

/** Somebody has opened the kept page itself, which nothing leads to: it is no page to go back to. */
async function leave() {
  if (await answers()) location.replace("/");
}

function lookAgain() {
  setTimeout(() => look().then(lookAgain), LOOK_EVERY_MS);
}

showDrafts(/** @type {HTMLElement} */ (document.querySelector("[data-kept-drafts]")));
addEventListener("online", () => look());
if (location.pathname === document.body.dataset.keptPage) leave();
else lookAgain();
