#!/usr/bin/env python
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autodoctor.settings")
    from autodoctor.operations.command_line import run

    run(sys.argv)
