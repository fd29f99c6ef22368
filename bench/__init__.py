"""Benchmarks, each against its peers. What slows every start alike on a developer's machine is left out of them."""

import os

# Each server would compile itself anew: seconds of a start that no installation has.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
