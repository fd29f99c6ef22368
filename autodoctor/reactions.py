"""Fact → consequence: what a higher capability does about news from a lower one, and every job's handler."""

HANDLERS: dict[str, object] = {}
