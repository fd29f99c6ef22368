"""The client's address, behind proxies or not."""

import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

_PORT = re.compile(r"^(?:([0-9.]+)|\[([0-9a-fA-F:.]+)\])(?::[0-9]{1,5})?$")  # 192.0.2.1:4711, [2001:db8::1]:4711


def client_address(request: HttpRequest) -> str:
    """Return the client's trusted address for throttling; empty if not even a proxy has one.

    Anybody can write X-Forwarded-For, so only what our own proxies (`TRUSTED_PROXIES`) have added counts. A proxy that
    does not know its client writes "unknown": then its own address counts, or all such clients would be one.
    """
    return next(filter(None, map(_clean, _ours(request))), "")


def known_address(request: HttpRequest) -> str:
    """Return the client's trusted address, and never that of a proxy; empty if it is not known."""
    return _clean(_ours(request)[0])


def _ours(request: HttpRequest) -> list[str]:
    """Return the last hops, as far as our own proxies have written them: the client's is the first."""
    trusted = settings.TRUSTED_PROXIES
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    hops.append(request.META.get("REMOTE_ADDR", ""))
    if isinstance(trusted, int):
        return hops[-1 - trusted :]
    first = len(hops) - 1
    while first > 0 and _is_in(hops[first], trusted):
        first -= 1
    return hops[first:]


def _is_in(hop: str, networks: list[IPv4Network | IPv6Network]) -> bool:
    address = _clean(hop)
    # A proxy on this machine may speak through a Unix socket, which has no address.
    return not hop or (bool(address) and any(ip_address(address) in network for network in networks))


def _clean(hop: str) -> str:
    """Return the address of a hop, without the port that some proxies write; empty if it is not an address."""
    try:
        address = ip_address(_PORT.sub(r"\1\2", hop.strip('" ')))
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
