"""The states of a session's page that `test_screens.py` walks through: what arranges each, and what is to be there."""

from tests.journeys.reach import LAPTOPS, PHONES, State

ROOM = "document.querySelector('session-room')"
STAGE = "document.querySelector('video-stage')"
FOLD = f"{ROOM}.hasAttribute('data-chat-open') && document.querySelector('[data-chat]').click();"
OPEN = f"{ROOM}.hasAttribute('data-chat-open') || document.querySelector('[data-chat]').click();"
# The same where there may be no call.
UNFOLDED = (
    "document.querySelector('[data-chat]')?.ariaExpanded === 'false' && document.querySelector('[data-chat]').click();"
)
FOLDED = UNFOLDED.replace("'false'", "'true'")
# A phone's keyboard leaves less of the page, and tells the page's own height to nobody.
KEYBOARD = """
Object.defineProperty(visualViewport, "height", { configurable: true, get: () => Math.round(innerHeight * 0.56) });
visualViewport.dispatchEvent(new Event("resize"));"""
NO_KEYBOARD = "delete visualViewport.height; visualViewport.dispatchEvent(new Event('resize'));"


def notice(selector: str) -> tuple[str, str]:
    """Return how a part of the page that says what has happened is shown, and how it is hidden."""
    found = f"document.querySelector('{selector}').hidden"
    return f"{found} = false;", f"{found} = true;"


LOST, NOT_LOST = notice("[data-show=lost]")
GONE, NOT_GONE = notice("[data-show=gone]")
REPLACED, NOT_REPLACED = notice("[data-show=replaced]")
POOR, NOT_POOR = notice("thin-line")
# Each camera of a phone, with a light and a zoom of its own.
TOOLS = f"for (const each of ['cameras', 'torch', 'zoom']) {STAGE}.setAttribute(`data-${{each}}`, '');"
NO_TOOLS = f"for (const each of ['cameras', 'torch', 'zoom']) {STAGE}.removeAttribute(`data-${{each}}`);"
SOUND, NO_SOUND = notice("sound-picture")
CHOSE_CHAT = f"{STAGE}.dataset.choseChat = ''; {ROOM}.removeAttribute('data-calls');"
NOT_CHAT = f"delete {STAGE}.dataset.choseChat; {ROOM}.setAttribute('data-calls', '');"
WRITE = ("#message", ".composer__send")
LEAVE = ("#end-button", "#extend-button", ".room-help")
KEYS = ("[data-chat]", "[data-act=mute]", "[data-act=camera]", "[data-act=snapshot]")
CALL = LEAVE + KEYS


def corner(name: str) -> str:
    return f"document.querySelector('own-picture').dataset.corner = '{name}';"


def in_call(state: str) -> str:
    return f"{STAGE}.dataset.call = '{state}';"


def dialog(selector: str) -> State:
    found = f"document.querySelector('{selector}')"
    return State(f"dialog {selector}", f"{found}.open || {found}.showModal();", f"{found}.close();")


def film(state: str) -> State:
    """The recorder of films, as far as `state`."""
    found = "document.querySelector('dialog.film')"
    return State(
        f"film {state}",
        f"{found}.open || {found}.showModal(); {found}.parentElement.dataset.state = '{state}';",
        f"{found}.close();",
        (f".film__ways[data-when={state}] button", ".film [data-act=drop]"),
    )


def sheet(selector: str) -> State:
    found = f"document.querySelector('{selector}')"
    shown = f"{found}.matches(':popover-open')"
    return State(
        f"sheet {selector}",
        f"{UNFOLDED} {shown} || {found}.showPopover();",
        f"{shown} && {found}.hidePopover(); {FOLDED}",
        (f"{selector} button",),
    )


DIALOGS = (
    *(dialog(f"#{name}") for name in ("extend-dialog", "end-dialog", "about", "help-dialog", "leave-dialog")),
    *(sheet(f"#{name}") for name in ("files", "attach")),
    dialog(".light-box"),
)
PLAIN = State("plain", wanted=LEAVE + WRITE)
TALK = (
    PLAIN,
    State("lost", LOST, NOT_LOST, LEAVE + WRITE),
    State("keyboard", KEYBOARD, NO_KEYBOARD, WRITE, PHONES),
    State("keyboard lost", KEYBOARD + LOST, NO_KEYBOARD + NOT_LOST, WRITE, PHONES),
    State("in a row, lost", LOST, NOT_LOST, LEAVE + WRITE, LAPTOPS),
    State("gone", GONE, NOT_GONE, ("[data-show=gone] .button",)),
    State("replaced", REPLACED, NOT_REPLACED, (*LEAVE, *WRITE, "[data-show=replaced] .button")),
)
# What the server says above the session, with a button or without, and with the keyboard up.
ALERT = (
    State("", wanted=LEAVE + WRITE),
    State("keyboard", KEYBOARD, NO_KEYBOARD, WRITE, PHONES),
    State("in a row", wanted=LEAVE + WRITE, screens=LAPTOPS),
)
CORNERS = ("bottom-left", "top-left", "top-right", "bottom-right")
IN_CALL = (
    State("folded", FOLD, wanted=CALL),
    State("open", OPEN, FOLD, CALL + WRITE),
    *(
        State(f"{chat} {name}", act + corner(name) + TOOLS, FOLD + NO_TOOLS, CALL)
        for chat, act in (("folded", FOLD), ("open", OPEN))
        for name in CORNERS
    ),
    State("open sound", OPEN + TOOLS + SOUND, FOLD + NO_TOOLS + NO_SOUND, CALL),
    State("folded sound", TOOLS + SOUND, NO_TOOLS + NO_SOUND, CALL),
    State("open lost", OPEN + LOST, FOLD + NOT_LOST, CALL + WRITE),
    State("folded lost", LOST, NOT_LOST, CALL),
    State("folded poor", POOR, NOT_POOR, (*CALL, "thin-line [data-pick]", "thin-line [data-dismiss]")),
    State("open poor", OPEN + POOR, FOLD + NOT_POOR, CALL + WRITE),
    *(film(state) for state in ("ready", "recording", "made", "failed")),
    State("open keyboard", OPEN + KEYBOARD, NO_KEYBOARD + FOLD, WRITE, PHONES),
    State("open keyboard lost", OPEN + KEYBOARD + LOST, NO_KEYBOARD + FOLD + NOT_LOST, WRITE, PHONES),
    *(
        State(f"{chat} {state}", act + in_call(state), FOLD + in_call("connected"), (*LEAVE, "[data-chat]"))
        for chat, act in (("folded", FOLD), ("open", OPEN))
        for state in ("failed", "lost", "connecting")
    ),
    State("declined", f"{in_call('declined')} {CHOSE_CHAT}", f"{NOT_CHAT} {in_call('connected')}", LEAVE + WRITE),
    State("open tap", f"{OPEN} {STAGE}.dataset.tap = '';", f"{FOLD} delete {STAGE}.dataset.tap;"),
    dialog("dialog.pen"),
    State("in a row", wanted=LEAVE + WRITE + KEYS[1:], screens=LAPTOPS),
    State("in a row, lost", LOST, NOT_LOST, LEAVE + WRITE + KEYS[1:], LAPTOPS),
)
CAMERA_LEFT = {"left": 47, "right": 47, "bottom": 21}
CAMERA_ABOVE = {"top": 47, "bottom": 34}


def attributes(*names: str) -> tuple[str, str]:
    """Return how the stage gets these attributes, and how it loses them."""
    on = (f"{STAGE}.setAttribute('data-{name}', '');" for name in names)
    off = (f"{STAGE}.removeAttribute('data-{name}');" for name in names)
    return "".join(on), "".join(off)


def fault(kind: str, reason: str) -> tuple[str, str]:
    """Return how a device of one's own is said to be missing, and how it is said no more."""
    words = f"{STAGE}.querySelector('[data-fault-of={kind}]')"
    told = f"{words}.querySelector('[data-reason={reason}]').hidden"
    on, off = attributes("own-fault", "own-dark") if kind == "video" else ("", "")
    return (
        f"{words}.dataset.fault = '{reason}'; {told} = false; {on}",
        f"{words}.dataset.fault = ''; {told} = true; {off}",
    )


def both(*arranged: tuple[str, str]) -> tuple[str, str]:
    return "".join(act for act, _ in arranged), "".join(undo for _, undo in arranged)


NEW_DEVICE = (
    f"{STAGE}.querySelector('[data-slot=device]').textContent = 'Plantronics Voyager 5200 Series (Bluetooth)';"
    f"{STAGE}.querySelector('[data-new-device]').hidden = false;",
    f"{STAGE}.querySelector('[data-new-device]').hidden = true;",
)
FIGURES = (
    f"{STAGE}.dataset.bars = '0';"
    f"{STAGE}.querySelector('[data-slot=quality]').textContent = '1284 ms · 12345 kbit/s · 720p';"
    f"{STAGE}.querySelector('[data-act=figures]').ariaPressed = 'true';",
    f"{STAGE}.querySelector('[data-act=figures]').ariaPressed = 'false';",
)
ALL_TOOLS = (TOOLS, NO_TOOLS)
OTHER_FAULTS = attributes("other-dark", "other-muted", "other-fault-audio", "other-fault-video")
MUTED, BUSY = fault("audio", "muted"), fault("video", "busy")
CONSENT = f"{STAGE}.dataset.consent = 'given';", f"{STAGE}.dataset.consent = 'asks';"
THEIR_CAMERA = attributes("their-torch", "their-zoom", "camera-allowed")
AGAIN = ("[data-act=again-audio]", "[data-act=again-video]")
# What a call says of both sides' devices and lines, alone and together.
SAID: dict[str, tuple[tuple[str, str], tuple[str, ...]]] = {
    "microphone muted": (MUTED, AGAIN[:1]),
    "camera in use": (BUSY, AGAIN[1:]),
    "permission withdrawn": (both(fault("audio", "denied"), fault("video", "denied")), AGAIN),
    "new device": (NEW_DEVICE, ("[data-plugged=use]", "[data-plugged=leave]")),
    "all notices": (both(MUTED, BUSY, NEW_DEVICE), AGAIN),
    "other thin": (attributes("other-dark", "other-thin"), ()),
    "other thin and muted": (both(attributes("other-dark", "other-thin", "other-muted"), ALL_TOOLS), ()),
    "other off and muted": (attributes("other-dark", "other-muted"), ()),
    "other without devices": (OTHER_FAULTS, ()),
    "other without devices, tools": (both(OTHER_FAULTS, ALL_TOOLS), ()),
    "own thin": (attributes("own-thin"), ()),
    "other shares": (attributes("other-shares", "own-dark"), ()),
    "figures": (both(FIGURES, attributes("other-muted")), ()),
    "engine": (both(attributes("raw"), ALL_TOOLS), ()),
    "engine heard": (both((SOUND, NO_SOUND), attributes("raw", "other-muted"), ALL_TOOLS), ()),
    "engine heard, poor": (both((SOUND, NO_SOUND), (POOR, NOT_POOR), attributes("raw", "other-muted"), ALL_TOOLS), ()),
    "photos allowed": (both(CONSENT, attributes("lit", "other-muted"), ALL_TOOLS), ()),
    "photos allowed, figures": (both(CONSENT, FIGURES, attributes("lit", "other-muted")), ()),
    "photos allowed, engine heard": (both(CONSENT, (SOUND, NO_SOUND), attributes("lit", "other-muted"), ALL_TOOLS), ()),
    "their camera": (both(THEIR_CAMERA, attributes("other-muted"), ALL_TOOLS), ()),
    "their camera, engine heard": (both(THEIR_CAMERA, (SOUND, NO_SOUND), attributes("other-muted"), ALL_TOOLS), ()),
    "tap": (attributes("tap", "other-muted", "other-dark"), ("[data-act=rejoin]",)),
    "reconnecting without microphone": (both(MUTED, (in_call("lost"), in_call("connected"))), AGAIN[:1]),
    "not connected without devices": (both(MUTED, BUSY, (LOST, NOT_LOST)), AGAIN),
}


def banners(*names: str) -> tuple[State, ...]:
    """Return a state for each of what a call says, or for these, with the chat folded and open."""
    return tuple(
        State(f"{chat} {name}", act + arrange, FOLD + undo, wanted + more)
        for name, ((arrange, undo), more) in SAID.items()
        for chat, act, wanted in (("folded", FOLD, CALL), ("open", OPEN, CALL + WRITE))
        if not names or name in names
    )


NEAR_THE_END = (
    State("near the end", OPEN, FOLD, CALL + WRITE),
    State("near the end folded", FOLD, wanted=CALL),
    State("near the end in a row", wanted=LEAVE + WRITE, screens=LAPTOPS),
)
SAID_NEAR_THE_END = banners("permission withdrawn", "other without devices", "engine", "engine heard", "tap")
# The server has paused the clock, because no sound arrives. What it says is more urgent than the offer of a film.
INTERRUPTED = (
    State("folded", FOLD, wanted=(*LEAVE, "[data-retry-call]", "[data-chat]")),
    State("open", OPEN, FOLD, (*LEAVE, *WRITE, "[data-retry-call]")),
    State("folded poor", POOR, NOT_POOR, CALL),
    State("open poor", OPEN + POOR, FOLD + NOT_POOR, CALL + WRITE),
    *(film(state) for state in ("ready", "recording", "made", "failed")),
    State("open keyboard", OPEN + KEYBOARD, NO_KEYBOARD + FOLD, WRITE, PHONES),
    *banners("all notices"),
    State("in a row", wanted=LEAVE + WRITE, screens=LAPTOPS),
)
