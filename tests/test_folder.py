"""Reading class folders: which path is which class."""

import pytest

from practicum.folder import Files, ImageFile, Layout, find_images


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
    ],
)
def test_layouts(paths, expected):
    layout = Layout.of(paths)
    found = [layout.place(path) for path in paths]
    assert [entry and (entry.split, entry.class_name) for entry in found] == expected


def test_images_come_sorted_whatever_the_file_system_says(tmp_path):
    for name in ("b/2.png", "a/10.png", "b/1.png", "a/9.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    images, empty = find_images(Files(tmp_path))
    assert images == [
        *(ImageFile("train", "a", "a/10.png"), ImageFile("train", "a", "a/9.png")),
        *(ImageFile("train", "b", "b/1.png"), ImageFile("train", "b", "b/2.png")),
    ]
    assert empty == []
