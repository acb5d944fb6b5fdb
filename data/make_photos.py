"""Build data/photos: two photos that anyone may use for anything, 300 pixels wide.

    python -m pip install scikit-image
    python data/make_photos.py

The photos are files inside the scikit-image package; nothing is fetched. The pixels are the same every time, the bytes
as well with the Pillow that photos.json names.
"""

import argparse
import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Any

import PIL
from PIL import Image
from write_dataset import file_facts

HERE = Path(__file__).parent
WIDTH = 300
PHOTOS: dict[str, dict[str, Any]] = {
    "cat": {
        "title": "Chelsea the cat",
        "author": "Stéfan van der Walt",
        "licence": "CC0 1.0",
        "source": "scikit-image, skimage/data/chelsea.png",
        "source_sha256": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    },
    "coffee": {
        "title": "A cup of coffee at Pikolo Espresso Bar",
        "author": "Rachel Michetti",
        "licence": "CC0 1.0",
        "source": "scikit-image, skimage/data/coffee.png",
        "source_sha256": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where chelsea.png and coffee.png are (default: in scikit-image)")
    folder = parser.parse_args().folder or folder_in_scikit_image()
    described = {}
    for name, facts in PHOTOS.items():
        picture = reduced(checked(folder / Path(facts["source"]).name, facts["source_sha256"]))
        picture.save(HERE / "photos" / f"{name}.png", optimize=True)
        shape = [picture.height, picture.width, 3]
        described[name] = {**facts, "shape": shape, "file": f"{name}.png"}
    description = {
        "photos": described,
        "made_by": "data/make_photos.py",
        "made_with": f"Pillow {PIL.__version__}",
        "files": {photo["file"]: file_facts(HERE / "photos" / photo["file"]) for photo in described.values()},
    }
    text = json.dumps(description, indent=2, ensure_ascii=False) + "\n"
    (HERE / "photos" / "photos.json").write_text(text, encoding="utf-8")
    print(", ".join(described))


def folder_in_scikit_image() -> Path:
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        raise SystemExit("make_photos: scikit-image is not installed. Install it, or pass --folder.")
    return Path(found.origin).parent / "data"


def checked(path: Path, sha256: str) -> Path:
    if not path.is_file():
        raise SystemExit(f"{path}: no such file. Install scikit-image 0.26, or pass --folder.")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise SystemExit(f"{path}: SHA-256 is {found}, expected {sha256}. Use the file of scikit-image 0.26.")
    return path


def reduced(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        height = round(picture.height * WIDTH / picture.width)
        return picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
