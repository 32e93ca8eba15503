"""Becomes another program, as another user if asked, that ends when its parent ends.

    python -I -S launch.py - PROGRAM ARGUMENTS...          as we are
    python -I -S launch.py UID:GID PROGRAM ARGUMENTS...    as that user, when started by root

The user is dropped first and the parent-death signal set after that: the other way round the kernel
forgets the signal. Run as a program of its own, because between fork and exec of a process with
threads nothing safe can be done in Python. util-linux's setpriv does the same, but it also sets
capabilities, which the system call filter of our systemd unit forbids. Standard library only.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
_NOBODY = "-"


def main(user: str, *command: str) -> None:
    """Replace this process; returns only by an exception."""
    parent = os.getppid()
    # found, and everything imported, before the user changes: Python's own folder may be closed to
    # that user
    program = _found(command[0])
    libc = ctypes.CDLL(None, use_errno=True)
    if user != _NOBODY:
        uid, gid = (int(part) for part in user.split(":"))
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    if libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "parent-death signal")
    if os.getppid() != parent:
        raise SystemExit("the parent has ended meanwhile")
    os.execv(program, command)  # noqa: S606 - a fixed program of the settings


def _found(name: str) -> str:
    for folder in os.environ.get("PATH", "").split(":"):
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    raise SystemExit(f"{name}: not found on {os.environ.get('PATH')}")


if __name__ == "__main__":
    main(*sys.argv[1:])
