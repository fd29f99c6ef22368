import logging

from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "autodoctor.files"

    def ready(self) -> None:
        logging.getLogger("uvicorn.access").addFilter(_without_seal)


def _without_seal(record: logging.LogRecord) -> bool:
    """Whoever reads the server's log must not be able to fetch the files that were looked at."""
    if isinstance(record.args, tuple):
        record.args = tuple(_cut(argument) for argument in record.args)
    return True


def _cut(argument: object) -> object:
    is_signed = isinstance(argument, str) and argument.startswith("/files/")
    return str(argument).partition("?")[0] if is_signed else argument
