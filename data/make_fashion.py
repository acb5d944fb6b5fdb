"""Build data/fashion, a sample of Fashion-MNIST: 1,000 training and 200 test images of each of the 10 classes.

    python data/make_fashion.py FOLDER        # FOLDER holds the four original *-ubyte.gz files

The images are the first of each class in the original order, so the sample holds no choice of ours.
"""

import argparse
import gzip
import hashlib
from pathlib import Path

import numpy as np
from write_dataset import write_dataset

HERE = Path(__file__).parent
CLASS_NAMES = [
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
]  # fmt: skip
PER_CLASS = {"train": 1000, "test": 200}
FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
SHA256 = {
    "train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    "train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
    "t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    "t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the four original files are")
    folder = parser.parse_args().folder
    images, rows = [], []
    for split, (image_file, label_file) in FILES.items():
        pixels = read_idx(folder / image_file, header=16).reshape(-1, 28, 28, 1)
        labels = read_idx(folder / label_file, header=8)
        for label, class_name in enumerate(CLASS_NAMES):
            chosen = np.flatnonzero(labels == label)[: PER_CLASS[split]]
            images.append(pixels[chosen])
            rows += [{"class": class_name, "split": split, "original_index": int(index)} for index in chosen]
    write_dataset(
        HERE / "fashion",
        images=np.concatenate(images),
        rows=rows,
        description={
            "name": "fashion",
            "title": "Fashion-MNIST, a sample of 10,000 + 2,000",
            "class_names": CLASS_NAMES,
            "source": "Fashion-MNIST, Zalando Research (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747)",
            "licence": "MIT, Zalando SE",
            "made_by": "data/make_fashion.py",
        },
    )
    print(f"{len(rows)} images")


def read_idx(path, *, header):
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[path.name]:
        raise SystemExit(f"{path}: SHA-256 is {found}, expected {SHA256[path.name]}. Fetch the file again.")
    return np.frombuffer(gzip.decompress(content), np.uint8, offset=header)


if __name__ == "__main__":
    main()
