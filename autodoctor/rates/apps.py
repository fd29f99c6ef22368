from django.apps import AppConfig
from django.core import checks


class RatesConfig(AppConfig):
    name = "autodoctor.rates"

    def ready(self) -> None:
        checks.register(_check_limits)


def _check_limits(**rest: object) -> list[checks.CheckMessage]:
    """Refuse `LIMITS` that are none. A server, which runs no checks, asks the same in `asgi.py`."""
    from autodoctor.rates.limits import limits_problem

    problem = limits_problem()
    return [checks.Error(problem, id="autodoctor.E002")] if problem else []
