"""Which controls of a page cannot be reached on a small screen, or are covered by another."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from playwright.sync_api import Page, ViewportSize

from tests.journeys.inspection import TAKES_PICTURES
from tests.sheet import PICTURES

# Phones upright, with and without the browser's bars, and on their side; 1280 x 1024 at 400 %; a flat window.
SIZES = [(390, 844), (390, 664), (375, 667), (360, 640), (320, 568), (568, 320), (844, 390), (320, 256), (1280, 360)]
SCREENS: list[ViewportSize] = [{"width": width, "height": height} for width, height in SIZES]
PHONES = SCREENS[:7]  # the ones with a keyboard of their own
ON_THE_SIDE = SCREENS[5:7]
LAPTOPS: list[ViewportSize] = [{"width": 960, "height": 540}, {"width": 1024, "height": 600}]  # all in one row
# Whatever a script can scroll but a person cannot is put back before a control is looked for. A control is in reach
# when, brought into view, its middle is on the screen and belongs to it.
OUT_OF_REACH = """async (wanted) => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await frame();
  await frame();
  const root = document.documentElement, found = [];
  const opened = [...document.querySelectorAll("dialog:modal, :popover-open:not(.toasts)")].at(-1);
  const controls = "a[href], button, input, select, textarea, summary, audio[controls], [role=button], [tabindex='0']";
  const main = ".room-controls .button, .room-help, .stage__key, .stage__tool, .composer button, .dialog__actions *";
  const words = ".stage__tag, .stage__state p, .stage__dark p, .stage__own-dark span";
  const ruler = document.body.appendChild(document.createElement("i"));
  ruler.style.padding = ["top", "right", "bottom", "left"].map((edge) => `env(safe-area-inset-${edge})`).join(" ");
  const { paddingTop, paddingRight, paddingBottom, paddingLeft } = getComputedStyle(ruler);
  const [top, right, bottom, left] = [paddingTop, paddingRight, paddingBottom, paddingLeft].map(parseFloat);
  ruler.remove();
  const name = (each) =>
    (each.getAttribute("aria-label") || each.innerText || each.id || each.outerHTML).trim().slice(0, 60);
  const shown = (each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest("[inert], .skip-link");
  const isFixed = (box) => ["hidden", "clip"].includes(getComputedStyle(box).overflowY);
  const bring = (each) => {
    each.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    for (let box = each.parentElement; box; box = box.parentElement) if (isFixed(box)) box.scrollTop = 0;
    if (isFixed(document.body)) scrollTo({ top: 0, behavior: "instant" });
  };
  const isCut = (each) => {
    const frame = each.closest(".stage__own, .stage__picture"), edge = frame.getBoundingClientRect();
    const standsOut = ({ top, right, bottom, left }) => // of the frame, by more than a pixel
      Math.max(edge.top - top, bottom - edge.bottom, edge.left - left, right - edge.right) > 1;
    return getComputedStyle(frame).overflowY !== "auto" && seenIn(each).some(standsOut);
  };
  const seenIn = (each) => {
    const range = document.createRange(), isHidden = (node) => node.classList?.contains("visually-hidden");
    const parts = [...each.childNodes].filter((node) => !isHidden(node)); // words for the ear alone take no place
    const places = parts.map((node) => (range.selectNode(node), range.getBoundingClientRect()));
    return places.filter(({ width, height }) => width && height);
  };
  const label = (each) => (each.matches("[type=radio], [type=checkbox]") && each.labels[0]) || each;
  const look = (each) => {
    const target = label(each);
    bring(target);
    const [box] = target.getClientRects();
    if (!box) return "is nowhere";
    const isText = getComputedStyle(target).display === "inline";
    const least = target.matches(main) ? 44 : 24;
    if (!isText && Math.min(box.width, box.height) < least - 0.5)
      return `is only ${Math.round(box.width)} x ${Math.round(box.height)}`;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    if (x < left || y < top || x > root.clientWidth - right || y > visualViewport.height - bottom)
      return `is out of reach at ${Math.round(x)}, ${Math.round(y)}`;
    const hit = document.elementFromPoint(x, y);
    return target.contains(hit) ? "" : `lies under ${hit?.outerHTML.slice(0, 70)}`;
  };
  if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth} px wide`);
  const all = [...(opened ?? document.body).querySelectorAll(controls)].filter((each) => shown(each) && !each.disabled);
  for (const each of all) {
    const why = look(each);
    if (why) found.push(`${name(each)} ${why}`);
  }
  for (const each of wanted) if (!all.some((one) => one.matches(each))) found.push(`${each} is not there`);
  const said = opened ? [] : [...document.querySelectorAll(words)].filter(shown);
  for (const each of said) if (isCut(each)) found.push(`${name(each)} is cut`);
  const over = [...new Set([...said, ...all.filter((each) => each.closest(".stage__picture"))])];
  for (const [at, one] of over.entries())
    for (const other of over.slice(at + 1)) {
      const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      const areApart = Math.min(wide, high) <= 1 || one.contains(other) || other.contains(one);
      if (!areApart) found.push(`${name(one)} and ${name(other)} overlap`);
    }
  for (const box of document.querySelectorAll("session-room, .room-alerts")) box.scrollTop = 0;
  scrollTo({ top: 0, behavior: "instant" });
  return found;
}"""


class State(NamedTuple):
    """A state of a page: how a script brings it about (again and again), takes it back, and what has to be there."""

    name: str
    arrange: str = ""
    undo: str = ""
    wanted: tuple[str, ...] = ()
    screens: Sequence[ViewportSize] = SCREENS


def walk(page: Page, name: str, states: Sequence[State] = (State(""),)) -> list[str]:
    """Return what is out of reach in these states on their screens."""
    return [problem for screen in screens_of(states) for problem in walk_on(screen, page, name, states)]


def screens_of(states: Sequence[State]) -> list[ViewportSize]:
    """Return each screen of these states once."""
    every = (screen for state in states for screen in state.screens)
    return list({(screen["width"], screen["height"]): screen for screen in every}.values())


def walk_on(screen: ViewportSize, page: Page, name: str, states: Sequence[State]) -> list[str]:
    """Return what is out of reach on this screen, in those states that belong on it, one after the other."""
    page.set_viewport_size(screen)
    here = [state for state in states if screen in state.screens]
    names = [f"{name} {state.name}".strip() + f", {screen['width']} x {screen['height']}" for state in here]
    found = _with_pictures(page, here, names) if TAKES_PICTURES else page.evaluate(_script(here))
    return [f"{where}: {problem}" for where, problems in zip(names, found, strict=True) for problem in problems]


@contextmanager
def rounded(page: Page, edges: dict[str, int]) -> Iterator[None]:
    """A screen of which such strips (pixels) lie under the camera, round corners and the system's bar."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setSafeAreaInsetsOverride", {"insets": edges})
    yield
    session.send("Emulation.setSafeAreaInsetsOverride", {"insets": {}})


def _script(states: Sequence[State]) -> str:
    """Go through the states in one call: the page of a call costs as long as it waits for the next."""
    looks = (
        f"{{ {each.arrange} }}\nfound.push(await look({json.dumps(each.wanted)}));\n{{ {each.undo} }}"
        for each in states
    )
    return f"async () => {{ const found = [], look = {OUT_OF_REACH};\n{chr(10).join(looks)}\nreturn found; }}"


def _with_pictures(page: Page, states: Sequence[State], names: Sequence[str]) -> Iterator[list[str]]:
    for state, name in zip(states, names, strict=True):
        yield from page.evaluate(_script([state._replace(undo="")]))
        _keep(page, name)
        page.evaluate(f"() => {{ {state.undo} }}")


def _keep(page: Page, where: str) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.screenshot(path=PICTURES / f"{where.replace(', ', '-').replace(' ', '-')}-{theme}.png")
