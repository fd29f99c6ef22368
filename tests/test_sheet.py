"""The page of all pictures."""

import re
from pathlib import Path

from tests import sheet


def test_each_state_is_a_row_and_each_screen_a_column_with_light_before_dark(tmp_path: Path) -> None:
    names = [
        *("call-open-390-x-844-dark.png", "call-open-390-x-844-light.png", "call-open-1280-x-360-light.png"),
        *("chat-320-x-568-light.png", "receipt-390-dark.png"),
    ]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "something else.png").touch()

    markup = sheet.write(tmp_path).read_text()

    assert re.findall(r"<th>(\d.*?)</th>", markup) == ["320-x-568", "390", "390-x-844", "1280-x-360"]
    (row,) = re.findall(r"<tr><th>call-open</th>(.*)</tr>", markup)
    assert [re.findall('src="(.*?)"', cell) for cell in re.findall("<td>(.*?)</td>", row)] == [
        [],
        [],
        ["call-open-390-x-844-light.png", "call-open-390-x-844-dark.png"],
        ["call-open-1280-x-360-light.png"],
    ]
    assert "something else" not in markup
