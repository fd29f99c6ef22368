"""What a storm came to: the log of each page compared with the database, and the webhooks of its time."""

from collections import defaultdict
from typing import Any

import psycopg

from bench.kit.machine import percentile
from bench.storm_webhooks import NOBODY

Figures = dict[str, float]
OURS = """
    SELECT session_id::text, client_id::text FROM autodoctor_sessions_sessionevent
    WHERE kind = 'message.posted' ORDER BY session_id, seq
"""
THEIRS = "SELECT session_id::text, client_id::text FROM peer.message ORDER BY session_id, seq"


def judge(
    pages: dict[str, Any],
    delivered: list[tuple[float, float, int]],
    joined_at: float,
    paused: int,
    database_url: str,
    *,
    is_ours: bool,
) -> Figures:
    stored = _stored(database_url, OURS if is_ours else THEIRS)
    cut_at, resumed_at = pages["cut_at"], pages["resumed_at"]
    return {
        "back_p50": pages["back_p50"],
        "back_last": float("inf") if pages["never_back"] else pages["back_last"],
        "joined": joined_at - cut_at if is_ours else float("nan"),
        "refused": sum(pages["refused"].values()) + pages["never_back"],
        "given_up": pages["given_up"],
        "unreachable": pages["unreachable"],
        "messages": sum(map(len, stored.values())),
        "lost": lost(pages, stored),
        "wrong": wrong(pages, stored),
        "paused": paused,
        **webhooks(delivered, cut_at, max(resumed_at, joined_at)),
    }


def _stored(database_url: str, query: str) -> dict[str, list[str]]:
    """Return the messages of each session, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    with psycopg.connect(database_url) as connection:
        for session_id, client_id in connection.execute(query.encode()):
            found[session_id].append(client_id)
    return found


def lost(pages: dict[str, Any], stored: dict[str, list[str]]) -> int:
    """Count messages that a page does not show, that were confirmed and are not stored, or were never confirmed."""
    kept = {client_id for messages in stored.values() for client_id in messages}
    unseen = sum(len(set(stored[session_id]) - set(log)) for session_id, log in pages["logs"])
    return unseen + len(set(pages["confirmed"]) - kept) + int(pages["unconfirmed"])


def wrong(pages: dict[str, Any], stored: dict[str, list[str]]) -> int:
    """Count pages that show something twice, or in another order than the database."""
    pairs = ((log, set(log), stored[session_id]) for session_id, log in pages["logs"])
    return sum(log != [client_id for client_id in messages if client_id in seen] for log, seen, messages in pairs)


def webhooks(delivered: list[tuple[float, float, int]], since: float, until: float) -> Figures:
    """Return those of the storm; what was sent while no server listened is counted apart, and is no answer."""
    storm = [each for each in delivered if since <= each[0] < until and each[2] != NOBODY]
    calm = [seconds for at, seconds, _status in delivered if at < since]
    seconds = [each[1] for each in storm]
    return {
        "hooks": len(storm),
        "hooks_nobody": sum(status == NOBODY for _at, _seconds, status in delivered),
        "hooks_2xx": sum(200 <= each[2] < 300 for each in storm) / len(storm) if storm else 1.0,
        "hooks_p50_ms": percentile(seconds, 50) * 1000,
        "hooks_p99_ms": percentile(seconds, 99) * 1000,
        "calm_p99_ms": percentile(calm, 99) * 1000,
    }
