"""Which state of the offline page browsers keep."""

from hashlib import sha256

from django.templatetags.static import static

from autodoctor.scripts import bundles

SHEETS = ("autodoctor.css", "push/offline.css")
MODULE = "push/offline"


def offline_version() -> str:
    """Return what changes with the files that the page loads: browsers then fetch it again."""
    bundle = bundles.current()
    files = [file for name in (*SHEETS, MODULE) for file in bundle.addresses(name)] if bundle else map(static, SHEETS)
    return sha256("\n".join(files).encode()).hexdigest()[:16]
