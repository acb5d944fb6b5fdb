"""Reading class folders: which path is which class."""

import zipfile

import pytest

from practicum.census import Census
from practicum.files import open_files
from practicum.folder import find_images
from practicum.layout import ImageFile, Layout, one_spelling


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["cat/1.jpg", "dog/2.jpg"], [("train", "cat"), ("train", "dog")]),
        (["photos/cat/1.jpg", "photos/dog/2.jpg"], [("train", "cat"), ("train", "dog")]),
        (["a/b/cat/1.jpg", "a/b/dog/2.jpg"], [("train", "cat"), ("train", "dog")]),
        (["train/cat/1.jpg", "test/cat/2.jpg"], [("train", "cat"), ("test", "cat")]),
        (["x/train/cat/1.jpg", "x/Val/cat/2.jpg"], [("train", "cat"), ("validation", "cat")]),
        (["train/cat/1.jpg", "train/dog/2.jpg"], [("train", "cat"), ("train", "dog")]),
        (["cat/deep/er/1.jpg", "dog/2.jpg"], [("train", "cat"), ("train", "dog")]),
        (["cat/1.jpg", "loose.jpg", "dog/2.jpg"], [("train", "cat"), None, ("train", "dog")]),
        (["train/1.jpg", "steam engine/2.jpg"], [("train", "train"), ("train", "steam engine")]),
        (["cat/1.jpg"], [("train", "cat")]),
        (["1.jpg"], [None]),
        (["p/1.jpg", "p/cat/1.jpg", "p/dog/2.jpg", "2.jpg"], [None, ("train", "cat"), ("train", "dog"), None]),
        (["cat/1.jpg", "cat/deep/2.jpg"], [("train", "cat"), ("train", "cat")]),
        (["train/a/1.jpg", "train/b/1.jpg", "misc/1.jpg"], [("train", "a"), ("train", "b"), None]),
        (["train/a/1.jpg", "train/a/2.jpg", "car/1.jpg"], [("train", "train"), ("train", "train"), ("train", "car")]),
        (["train/1.jpg", "train/a/1.jpg", "train/b/1.jpg", "car/1.jpg"], [("train", "train")] * 3 + [("train", "car")]),
        (["train/a/1.jpg", "test/1.jpg"], [("train", "a"), None]),
        (["TRAIN/a/1.jpg", "Valid/a/1.jpg"], [("train", "a"), ("validation", "a")]),
    ],
)
def test_layouts(paths, expected):
    layout = Layout.of(paths)
    found = [layout.place(path) for path in paths]
    assert [entry and (entry.split, entry.class_name) for entry in found] == expected


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["train/1.jpg", "test/2.jpg"], [("train", "train"), ("train", "test")]),
        (["train/a/1.jpg", "train/b/1.jpg", "misc/deep/1.jpg"], [("train", "a"), ("train", "b"), None]),
        (["ﬁsh/1.jpg", "m²/2.jpg"], [("train", "ﬁsh"), ("train", "m²")]),
        (["train/cat/1.jpg", "2.jpg"], [("train", "cat"), None]),
    ],
    ids=["two classes of splits' names", "a folder with folders beside train", "letters that are two", "only train"],
)
def test_further_layouts(paths, expected):
    layout = Layout.of(paths)
    found = [layout.place(path) for path in paths]
    assert [entry and (entry.split, entry.class_name) for entry in found] == expected


def test_what_lies_beside_the_split_folders_whatever_their_capitals():
    layout = Layout.of(["TRAIN/a/1.jpg", "TRAIN/b/1.jpg", "misc/1.jpg", "Test/1.jpg", "1.jpg"])
    assert [layout.is_outside_splits(path) for path in ("misc/1.jpg", "Test/1.jpg", "1.jpg")] == [True, False, False]


def test_images_come_sorted_whatever_the_file_system_says(tmp_path):
    for name in ("b/2.png", "a/10.png", "b/1.png", "a/9.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    census = Census()
    find_images(open_files(tmp_path), census)
    assert census.images == [
        *(ImageFile("train", "a", "a/10.png"), ImageFile("train", "a", "a/9.png")),
        *(ImageFile("train", "b", "b/1.png"), ImageFile("train", "b", "b/2.png")),
    ]


def test_a_zip_of_a_version_that_is_not_known(tmp_path):
    path = tmp_path / "new.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cat/1.png", b"x")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 6] = 99  # the version that is needed to read it: 9.9
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"new.zip cannot be read to its end \(zip file version 9.9\). Copy"):
        open_files(path)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train/Cat", "test/cat"], {"train/Cat": "Cat", "test/cat": "Cat"}),
        (["train/cat", "test/Cat"], {"train/cat": "cat", "test/Cat": "cat"}),
        (["train/a", "train/A", "test/a"], {"train/a": "a", "train/A": "A", "test/a": "a"}),
        (["test/b", "validation/B"], {"test/b": "B", "validation/B": "B"}),
        (["train/Straße", "test/STRASSE"], {"train/Straße": "Straße", "test/STRASSE": "Straße"}),
    ],
)
def test_capitals(names, expected):
    images = [ImageFile(*name.split("/"), name) for name in names]
    assert {image.path: image.class_name for image in one_spelling(images)} == expected
