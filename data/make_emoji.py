"""Build data/emoji from the two artists' emoji packages on npm.

    npm pack emoji-datasource-google@16.0.0 emoji-datasource-twitter@16.0.0
    python data/make_emoji.py emoji-datasource-google-16.0.0.tgz emoji-datasource-twitter-16.0.0.tgz

The result is the same bytes every time (with the Pillow and zlib that dataset.json names).
"""

import argparse
import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import PIL
from PIL import Image
from write_dataset import write_dataset

HERE = Path(__file__).parent

# What npm publishes as the integrity of the two packages (SHA-512).
ARTISTS = {
    "google": "ZRexfzs7MVoLnmzZmNsO4TKhnAJp5D++Vm6PpUpH/jEQQlemp3l88CjZ+DoZ2faM9R4QxZkOPJCoT8DlPhfQ3A==",
    "twitter": "7F+uCuHH+7Qnrc15P5tnbvKkg9E6tlzi4MnT2uW1RlN4pLYTza6cP/dstIfSDMtpjFLWuZewWg8jBbuL2eyELQ==",
}
CLASS_NAMES = ["faces", "people", "animals & nature", "food & drink", "travel & places", "objects", "symbols", "flags"]
CLASS_OF_CATEGORY = {
    "Smileys & Emotion": "faces",
    "People & Body": "people",
    "Animals & Nature": "animals & nature",
    "Food & Drink": "food & drink",
    "Travel & Places": "travel & places",
    "Objects": "objects",
    "Symbols": "symbols",
    "Flags": "flags",
    # "Activities" is left out: a football is an object, a Christmas tree nature, a medal a symbol.
    # "Component" is left out: five squares of plain skin colour.
}
# Where Unicode's shelf is not what the drawing shows: hearts are filed under emotion, watches and the weather under
# travel, pictograms of families under people.
CLASS_OF_SUBCATEGORY = {
    "heart": "symbols",
    "emotion": "symbols",
    "time": "objects",
    "sky & weather": "animals & nature",
    "person-symbol": "symbols",
}
FAMILY = "FAMILY"  # how the names of the family pictograms begin

SKIN_TONES = ["1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"]
# Code points that only change gender, age, direction or presentation of the same drawing.
NEUTRAL = {
    "1F468": "1F9D1", "1F469": "1F9D1",  # man, woman -> person
    "1F466": "1F9D2", "1F467": "1F9D2",  # boy, girl -> child
    "1F474": "1F9D3", "1F475": "1F9D3",  # old man, old woman -> older person
    "1F934": "1FAC5", "1F478": "1FAC5",  # prince, princess -> person with crown
    "1F936": "1F385",  # Mrs. Claus -> Santa Claus
    "1F46C": "1F46B", "1F46D": "1F46B",  # two people holding hands
    "1F57A": "1F483",  # man dancing, woman dancing
}  # fmt: skip
DROPPED = {"FE0F", "2640", "2642", "27A1", *SKIN_TONES}
# Whole families of drawings that differ by a detail: one base each.
FAMILIES_BY_SUBCATEGORY = {"family": "family", "keycap": "keycap"}
FAMILIES_BY_WORD = {
    "CLOCK FACE": "clock face",
    "MOON SYMBOL": "moon",
    "HEART": "heart",
    "LARGE CIRCLE": "circle",
    "LARGE RED CIRCLE": "circle",
    "LARGE BLUE CIRCLE": "circle",
    "MEDIUM WHITE CIRCLE": "circle",
    "MEDIUM BLACK CIRCLE": "circle",
    "SQUARE BUTTON": "square",
    "LARGE SQUARE": "square",
    "SMALL SQUARE": "square",
    "MEDIUM SQUARE": "square",
    "RED TRIANGLE": "triangle",
    "DIAMOND": "diamond",
    "ARROW": "arrow",
}
# Drawings of different emoji whose mean difference is below this (of 255) count as the same drawing: Norway's flag
# also flies over Bouvet Island. Chosen by looking at the pairs around it: below, the same drawing but for a brow or a
# coat of arms; from 3 on, all round yellow faces would chain into one.
SAME_DRAWING = 2.5
VALIDATION, TEST = 0.15, 0.15
# Chosen for balance, before any network was trained: every class has within 4 points of 15 % in validation and in
# test. It has nothing to do with how hard the images are.
SPLIT_NUMBER = 229


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("google", type=Path, help="emoji-datasource-google-16.0.0.tgz")
    parser.add_argument("twitter", type=Path, help="emoji-datasource-twitter-16.0.0.tgz")
    arguments = parser.parse_args()
    packages = {artist: read_package(getattr(arguments, artist), artist) for artist in ARTISTS}

    images, rows = [], []
    for emoji in sorted_emoji(packages["google"]["emoji.json"]):
        for artist, files in packages.items():
            file_name = chosen_file(emoji, artist)
            images.append(decode(files[file_name]))
            rows.append(
                {
                    "class": class_of(emoji),
                    "split": "",
                    "base": base_of(emoji),
                    "artist": artist,
                    "code": file_name.removesuffix(".png").upper(),
                    "name": emoji["name"].lower(),
                }
            )
    images = np.stack(images)
    merge_same_drawings(images, rows)
    for row in rows:
        row["split"] = split_of(row["base"])
    write_dataset(
        HERE / "emoji",
        images=images,
        rows=rows,
        description={
            "name": "emoji",
            "title": "Emoji of two artists",
            "class_names": CLASS_NAMES,
            "source": "Noto Emoji and Twemoji (npm: emoji-datasource-google and emoji-datasource-twitter 16.0.0)",
            "licence": "Noto Emoji images: Apache-2.0; Twemoji graphics: CC-BY 4.0",
            "made_by": "data/make_emoji.py",
            "made_with": f"Pillow {PIL.__version__}",
        },
    )
    print(f"{len(rows)} images, {len({row['base'] for row in rows})} bases")


def read_package(path, artist):
    """The package's emoji.json and its 64-pixel pictures, by file name, after checking it is the right package."""
    content = path.read_bytes()
    found = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != ARTISTS[artist]:
        raise SystemExit(
            f"{path}: SHA-512 is {found}, expected {ARTISTS[artist]}. Fetch it again with npm pack (see above)."
        )
    files = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            name = member.name.removeprefix("package/")
            if name == "emoji.json":
                files[name] = json.load(archive.extractfile(member))
            elif name.startswith(f"img/{artist}/64/"):
                files[name.rsplit("/", 1)[1]] = archive.extractfile(member).read()
    return files


def sorted_emoji(table):
    """The emoji that belong to a class, ordered class by class as on a keyboard."""
    kept = [emoji for emoji in table if emoji["category"] in CLASS_OF_CATEGORY]
    return sorted(kept, key=lambda emoji: (CLASS_NAMES.index(class_of(emoji)), emoji["sort_order"]))


def class_of(emoji):
    if emoji["name"].startswith(FAMILY):
        return "symbols"
    return CLASS_OF_SUBCATEGORY.get(emoji["subcategory"], CLASS_OF_CATEGORY[emoji["category"]])


def chosen_file(emoji, artist):
    """One drawing an artist and emoji; where skin tones exist, one of the six, chosen evenly by a hash."""
    tones = ["", *SKIN_TONES]
    tone = tones[int(fraction(f"{artist} {emoji['unified']}") * len(tones))]
    variation = emoji.get("skin_variations", {}).get(tone)
    return variation["image"] if variation else emoji["image"]


def base_of(emoji):
    """The name of the drawing beneath skin tones, genders, directions, clock hands and colours."""
    if emoji["name"].startswith(FAMILY):
        return "family pictogram"
    if emoji["subcategory"] in FAMILIES_BY_SUBCATEGORY:
        return FAMILIES_BY_SUBCATEGORY[emoji["subcategory"]]
    if emoji["subcategory"] in {"heart", "geometric", "arrow", "time", "sky & weather"}:
        for word, family in FAMILIES_BY_WORD.items():
            if word in emoji["name"]:
                return family
    codes = [NEUTRAL.get(code, code) for code in emoji["unified"].split("-") if code not in DROPPED]
    while codes and codes[-1] == "200D":  # a joiner whose gender sign or direction was dropped
        codes.pop()
    return "-".join(codes) or emoji["unified"]


def decode(content):
    """A 64×64 drawing with transparency -> uint8 (32, 32, 3) on white."""
    drawing = Image.open(io.BytesIO(content)).convert("RGBA")
    paper = Image.new("RGBA", drawing.size, "white")
    paper.alpha_composite(drawing)
    return np.asarray(paper.convert("RGB").resize((32, 32), Image.Resampling.BOX))


def merge_same_drawings(images, rows):
    """Give (nearly) equal drawings of different emoji the same base, so that one split holds them all."""
    bases = [row["base"] for row in rows]
    parent = {base: base for base in bases}

    def root(base):
        while parent[base] != base:
            base = parent[base]
        return base

    small = images.reshape(len(images), 16, 2, 16, 2, 3).mean((2, 4)).reshape(len(images), -1).astype(np.float32)
    for first in range(len(images)):
        difference = np.abs(small[first + 1 :] - small[first]).mean(1)
        for offset in np.flatnonzero(difference < SAME_DRAWING):
            one, other = sorted((root(bases[first]), root(bases[first + 1 + offset])))
            parent[other] = one
    for row in rows:
        row["base"] = root(row["base"])


def fraction(text):
    """A number from 0 to 1 that depends on the text alone, the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def split_of(base):
    place = fraction(f"emoji split {SPLIT_NUMBER} {base}")
    return "test" if place < TEST else "validation" if place < TEST + VALIDATION else "train"


if __name__ == "__main__":
    main()
