# Read by Pythons that are too old for the rest, so only what they understand stands above the check.
import sys

if sys.version_info < (3, 11):  # noqa: UP036 (that is what it is for)
    sys.exit(
        "practicum: this is Python {}.{}; the course needs Python 3.11 to 3.13. Install one of them, make a .venv with "
        "it, and install the course there (README.md, two commands).".format(*sys.version_info[:2])
    )

from practicum.findings import hiding_python

try:
    from practicum.cli import main
except Exception as error:
    if not hiding_python():
        raise
    sys.exit(
        f"practicum: {error}. {hiding_python()} in this folder hides a module of Python's own: rename it, or start "
        "from another folder."
    )

raise SystemExit(main())
