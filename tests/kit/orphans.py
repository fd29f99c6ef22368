"""Processes whose parent was killed: adopt them, and let their CPU time count."""

import ctypes
import os

PR_SET_CHILD_SUBREAPER = 36  # <sys/prctl.h>


def adopt() -> None:
    """Make the children of children that have ended this process's own. Linux only."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap() -> None:
    """Wait for every child that has ended. Call it where no other code waits for one: it would not find it any more."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return
