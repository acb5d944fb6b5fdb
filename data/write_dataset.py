"""Write a bundled dataset: one sheet of tiles a person can look at, one table of labels, one description.

Used by make_emoji.py and make_fashion.py; read by practicum.data.
"""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image

TILES_ACROSS = 64


def write_dataset(folder, *, images, rows, description):
    """Write images.png, labels.csv and dataset.json into folder.

    images: uint8 (N, H, W, C) with C 1 or 3. rows: N dicts with at least "class" and "split",
    in the order of the images. description: what dataset.json shall say besides sizes and checksums.
    """
    folder = Path(folder)
    count, height, width, channels = images.shape
    if len(rows) != count:
        raise ValueError(f"{count} images but {len(rows)} rows of labels; there must be one row an image")
    lines = -(-count // TILES_ACROSS)
    sheet = np.full((lines * TILES_ACROSS, height, width, channels), 255, np.uint8)
    sheet[:count] = images
    sheet = sheet.reshape(lines, TILES_ACROSS, height, width, channels).swapaxes(1, 2)
    sheet = sheet.reshape(lines * height, TILES_ACROSS * width, channels)
    picture = Image.fromarray(sheet[..., 0] if channels == 1 else sheet)
    folder.mkdir(parents=True, exist_ok=True)
    picture.save(folder / "images.png", optimize=True)

    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)

    files = {name: file_facts(folder / name) for name in ("images.png", "labels.csv")}
    description = {
        **description,
        "count": count,
        "image_shape": [height, width, channels],
        "tiles_across": TILES_ACROSS,
        "files": files,
    }
    (folder / "dataset.json").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def file_facts(path):
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
