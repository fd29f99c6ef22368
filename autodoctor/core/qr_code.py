"""An address as a picture that a phone reads from another screen."""

import qrcode  # type: ignore[import-untyped]
from django.utils.safestring import SafeString
from qrcode.image.svg import SvgPathFillImage  # type: ignore[import-untyped]


def svg(address: str) -> SafeString:
    """Return the code as markup, black on white. The address is ours, and is in it as squares only."""
    return SafeString(qrcode.make(address, image_factory=SvgPathFillImage).to_string(encoding="unicode"))
