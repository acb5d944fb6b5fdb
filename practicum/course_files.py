"""Where the files lie that come with the course."""

from pathlib import Path


def bundled_folder() -> Path:
    """The course's own data: data/ beside the package, or, where a wheel was installed, a folder inside it."""
    package = Path(__file__).resolve().parent
    inside = package / "bundled"
    return inside if inside.is_dir() else package.parent / "data"
