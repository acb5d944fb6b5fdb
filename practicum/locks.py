"""One process at a time."""

import contextlib
import errno
import os
from pathlib import Path

from practicum import progress


def hold(lock_file: Path, what: str) -> contextlib.AbstractContextManager:
    """Wait until no other process holds lock_file, then hold it: to be used in a with statement.

    A process that ends, however it ends, lets go of it. On a network folder without locks nothing is held.

    Args:
        lock_file: is made if it is not there, as are its folders; it stays, empty.
        what: the work that waits meanwhile; who waits is told that "another process is" at it.

    Raises:
        OSError: the folder cannot be written.
    """
    import filelock

    lock_file.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(lock_file.parent, os.W_OK):  # for filelock, some of these hold a lock that never falls
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    lock = filelock.FileLock(lock_file)
    try:
        return lock.acquire(timeout=0.5)
    except filelock.Timeout:
        progress.note(f"another process is {what}; waiting for it …")
        return lock.acquire()
    except NotImplementedError:
        return contextlib.nullcontext()
