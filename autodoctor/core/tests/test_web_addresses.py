"""Web addresses in people's texts."""

import pytest

from autodoctor.core.web_addresses import addresses


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see https://example.com/a?b=1&c=2, or", ["https://example.com/a?b=1&c=2"]),
        ("(https://en.wikipedia.org/wiki/Jack_(device)).", ["https://en.wikipedia.org/wiki/Jack_(device)"]),
        ("https://en.wikipedia.org/wiki/Jack_(device)", ["https://en.wikipedia.org/wiki/Jack_(device)"]),
        ("Www.Example.com/Teile!", ["https://Www.Example.com/Teile"]),
        ("HTTPS://example.com", ["HTTPS://example.com"]),
        ("在 https://example.com/路。然后", ["https://example.com/路。然后"]),
        ("（https://example.com/a）", ["https://example.com/a"]),
        ("me@www.example.com, awww.example.com", []),
        ("https:// (https://) www. www", []),
        ("javascript:alert(1) data:text/html,x ftp://example.com", []),
        ("https://a https://b", ["https://a", "https://b"]),
    ],
)
def test_addresses_are_found_as_people_write_them(text: str, urls: list[str]) -> None:
    found = list(addresses(text))
    assert [address.url for address in found] == urls
    assert [text[address.start :].startswith(address.written) for address in found] == [True] * len(urls)


def test_many_closing_brackets_take_no_time() -> None:
    assert [address.url for address in addresses("https://a" + ")" * 4_000)] == ["https://a"]
