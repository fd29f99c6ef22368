"""Print settings as JSON, as this environment makes them: `python -m tests.kit.settings_seen NAME …`."""

import json
import sys

from autodoctor import settings

if __name__ == "__main__":
    print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}))
