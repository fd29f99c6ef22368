"""What the settings come to in an environment: `python -m tests.kit.settings_seen NAME …` prints these as JSON."""

import json
import sys

from autodoctor import settings

if __name__ == "__main__":
    print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}))
