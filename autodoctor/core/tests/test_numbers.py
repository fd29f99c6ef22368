"""What people type is the number that they mean, or is asked back."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodoctor.core.numbers import Ambiguous, NotANumber, parse_cents, parse_whole


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("24.50", 2450),
        ("24,50", 2450),
        ("24.5", 2450),
        ("24,5", 2450),
        ("24", 2400),
        ("$24", 2400),
        ("24 €", 2400),
        ("24 USD", 2400),
        ("EUR 24,50", 2450),
        (".50", 50),
        (",5", 50),
        ("24.", 2400),
        ("24,-", 2400),
        ("24.–", 2400),
        ("1,240", 124000),
        ("$1,240.00", 124000),
        ("1.240,50", 124050),
        ("1 240,50", 124050),
        ("1\u202f240,50", 124050),
        ("1'240.50", 124050),
        ("1’240", 124000),
        ("1,234,567.89", 123456789),
        ("1.234.567", 123456700),
        ("٢٤٫٥٠", 2450),
        ("١٬٢٤٠", 124000),
        ("۲۴", 2400),
        ("２４.５０", 2450),
        ("0", 0),
        ("007", 700),
    ],
)
def test_a_typed_amount_is_read_in_cents(text: str, cents: int) -> None:
    assert parse_cents(text) == cents


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("84000", 84000),
        ("84,000", 84000),
        ("84.000", 84000),
        ("84 000", 84000),
        ("84\u00a0000", 84000),
        ("84'000", 84000),
        ("84,000.0", 84000),
        ("84.000,00", 84000),
        ("1.084.000", 1084000),
        ("٨٤٠٠٠", 84000),
        ("2014", 2014),
    ],
)
def test_a_typed_whole_number_is_read(text: str, number: int) -> None:
    assert parse_whole(text) == number


@pytest.mark.parametrize("text", ["1.234", "$ 24.500", "999.999"])
def test_an_amount_with_a_point_before_three_digits_is_refused_as_ambiguous(text: str) -> None:
    with pytest.raises(Ambiguous):
        parse_cents(text)


REFUSED = [
    "",
    " ",
    "-5",
    "+5",
    "1e5",
    "0x10",
    "NaN",
    "½",
    "²",
    "1,23,4",
    "12,34,567",
    "1.2.3",
    "1,2345",
    "1 2",
    "1  000",
]
REFUSED += [
    "84k",
    "1,234.5.6",
    "1234,567.00",
    "0,500.00",
    "five",
    "5 apples",
    "1" * 41,
    "1\n2",
    "\x00",
    "'",
    "$",
    ".",
    ",",
]


@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("parse", [parse_cents, parse_whole])
def test_text_that_is_no_number_is_refused(text: str, parse: object) -> None:
    assert callable(parse)
    with pytest.raises(NotANumber):
        parse(text)


@pytest.mark.parametrize("text", ["84.5", "84,5", "84.50", "84,000.5", "0,5", ".5"])
def test_a_fraction_is_no_whole_number(text: str) -> None:
    with pytest.raises(NotANumber):
        parse_whole(text)


@given(
    cents=st.integers(0, 10**9),
    style=st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("\u202f", ","), ("", "."), ("", ",")]),
    sign=st.sampled_from(["", "$", "€ ", "£"]),
    digits=st.sampled_from(["0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９"]),
)
def test_every_way_to_write_an_amount_reads_the_same(
    cents: int, style: tuple[str, str], sign: str, digits: str
) -> None:
    group, point = style
    text = f"{cents // 100:,}".replace(",", group) + f"{point}{cents % 100:02d}"
    assert parse_cents(sign + text.translate(str.maketrans("0123456789", digits))) == cents


@given(number=st.integers(0, 10**9), group=st.sampled_from([",", ".", " ", "'", "’", "\u00a0", "\u2009", "\u066c", ""]))
def test_every_way_to_write_a_whole_number_reads_the_same(number: int, group: str) -> None:
    assert parse_whole(f"{number:,}".replace(",", group)) == number


@given(st.text(alphabet="0123456789.,' $-٣", max_size=12))
def test_whatever_is_typed_is_a_number_or_refused(text: str) -> None:
    for parse in (parse_cents, parse_whole):
        with suppress(NotANumber):
            assert parse(text) >= 0


@pytest.mark.parametrize(("text", "amount"), [("1,500", 1500), ("¥1500", 1500), ("1 500 JPY", 1500)])
def test_an_amount_of_a_currency_without_cents_is_read(text: str, amount: int) -> None:
    assert parse_cents(text, places=0) == amount


@pytest.mark.parametrize("text", ["15.50", "1500,5"])
def test_a_fraction_of_a_currency_without_cents_is_refused(text: str) -> None:
    with pytest.raises(NotANumber):
        parse_cents(text, places=0)
