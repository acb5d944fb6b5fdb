"""What becomes of every file of a folder. CASES is the table: each a failure of its own kind."""

import io
import json
import os
import re
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tarfile
import unicodedata
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import PROJECT
from odd_files import (
    boxes,
    encoded,
    jpeg_with_thumbnail,
    large_jpeg,
    large_png,
    make_folder,
    picture,
    png_chunks,
    png_with,
    rle_bmp,
)
from PIL import Image

from practicum import data, decoding
from practicum.audit import Audit, audit, shown
from practicum.folder import decode_into
from practicum.reasons import REASONS


@dataclass
class Case:
    """A folder with something wrong in it.

    make: puts it there, given the folder (of 6 cats and 6 dogs that are all right) and a place beside it.
    expected: path -> reasons of every file that is not simply used; all other files must be.
    remark, problem: words that must be among the remarks, or be the problem.
    class_names: those that are left.
    """

    name: str
    make: object
    expected: dict = field(default_factory=dict)
    remark: str = ""
    problem: str = ""
    class_names: tuple = ("cat", "dog")


def write(name, content):
    """Put a file there."""

    def make(root, beside):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)

    return make


def several(*makes):
    def make(root, beside):
        for each in makes:
            each(root, beside)

    return make


def only(make):
    """Instead of the good folder."""

    def make_alone(root, beside):
        shutil.rmtree(root)
        root.mkdir()
        make(root, beside)

    return make_alone


def arranged(*folders, count=4):
    """Class folders of good images at these places, instead of the good folder."""

    def make(root, beside):
        for number, place in enumerate(folders):
            make_folder(root / place, ("",), count, start=100 * number)

    return only(make)


ODD = picture(999)
JPEG, PNG, BMP, GIF = (encoded(ODD, kind) for kind in ("JPEG", "PNG", "BMP", "GIF"))
WEBP = encoded(ODD, "WEBP", lossless=True)
PROGRESSIVE = encoded(ODD, "JPEG", progressive=True)
FILM = [picture(3000 + number) for number in range(3)]
ANIMATED = {
    kind: encoded(FILM[0], kind, save_all=True, append_images=FILM[1:], **more)
    for kind, more in (("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}))
}
THUMBNAILED = jpeg_with_thumbnail(ODD)
THUMBNAIL_ENDS = THUMBNAILED.index(b"\xff\xd9") + 2


def without_chunk(content, name):
    place, length, _ = next(chunk for chunk in png_chunks(content) if chunk[2] == name)
    return content[:place] + content[place + length :]


def with_flipped_pixel_data(content):
    place, length, _ = next(chunk for chunk in png_chunks(content) if chunk[2] == b"IDAT")
    middle = place + length // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def in_last_scan(content):
    """A place inside the last scan of a progressive JPEG, after the marker that begins it."""
    return content.rindex(b"\xff\xda") + 12


def bad_exif(content, notes=b"II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0\xff\xff\xff\xff" * 3):
    data = b"Exif\0\0" + notes
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + content[2:]


def sparse(root, beside):
    with (root / "cat/x.jpg").open("wb") as file:
        file.write(JPEG)
        file.truncate(10_000_000_000)


def link(name, target, *, folder=False):
    def make(root, beside):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(str(target).format(beside=beside, root=root), target_is_directory=folder)

    return make


def beside_folder(name):
    """A good folder beside the one that is audited."""
    return lambda root, beside: make_folder(beside / name, start=5000)


def pipe(root, beside):
    os.mkfifo(root / "cat/x.jpg")


def unix_socket(root, beside):
    here = Path.cwd()
    os.chdir(root / "cat")  # a socket's path may have 107 letters
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("x.png")
    finally:
        os.chdir(here)


def copy_of_cat_0(name, **options):
    """The first cat, stored in another way."""

    def make(root, beside):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        picture(0).save(root / name, **options)

    return make


def empty_folder(name):
    return lambda root, beside: (root / name).mkdir(parents=True)


def many(class_name, count):
    return lambda root, beside: make_folder(root, (class_name,), count, start=20_000)


def text_bomb():
    """A PNG of which a comment would fill 20 MB when unpacked."""
    import zlib

    return png_with(ODD, b"zTXt", b"Comment\0\0" + zlib.compress(bytes(20_000_000), 9))


COMPOSED, APART = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
X_JPG, X_PNG = "cat/x.jpg", "cat/x.png"
WEB_PAGE = b"\n<!DOCTYPE html><html><title>404</title></html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'
TIFF = b"II*\0" + bytes(100)
BMP_OF_ONE_MORE_ROW = BMP[:22] + struct.pack("<i", 25) + BMP[26:34] + bytes(4) + BMP[38:]
TALL_BMP = BMP[:22] + struct.pack("<i", -3_000_000) + BMP[26:]
WIDE_GIF = GIF[:6] + b"\xff\xff\xff\xff" + GIF[10:]
LARGE_WEBP = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + b"\xfe\x3f\0" * 2

CASES = [
    # Not whole.
    Case("empty file", write(X_JPG, b""), {X_JPG: "empty"}),
    Case("empty file without an ending", write("cat/x", b""), {"cat/x": "empty"}),
    Case("one byte", write(X_JPG, b"\xff"), {X_JPG: "cut_short"}),
    Case("JPEG of which half is there", write(X_JPG, JPEG[: len(JPEG) // 2]), {X_JPG: "cut_short"}),
    Case("JPEG without its end mark", write(X_JPG, JPEG[:-2]), {X_JPG: "cut_short"}),
    Case("JPEG without its last byte", write(X_JPG, JPEG[:-1]), {X_JPG: "cut_short"}),
    Case("JPEG that ends in its header", write(X_JPG, JPEG[:60]), {X_JPG: "cut_short"}),
    Case("JPEG cut at the end of its thumbnail", write(X_JPG, THUMBNAILED[:THUMBNAIL_ENDS]), {X_JPG: "cut_short"}),
    Case("JPEG with a thumbnail, no end mark", write(X_JPG, THUMBNAILED[:-2]), {X_JPG: "cut_short"}),
    Case("JPEG with zeros after its end", write(X_JPG, JPEG + bytes(50)), {}),
    Case("JPEG filled up with zeros", write(X_JPG, JPEG[: len(JPEG) * 2 // 3] + bytes(20_000)), {X_JPG: "cut_short"}),
    Case(
        "progressive JPEG that lacks its last scan",
        write(X_JPG, PROGRESSIVE[: in_last_scan(PROGRESSIVE)]),
        {X_JPG: "cut_short"},
    ),
    Case("PNG cut in its pixels", write(X_PNG, PNG[: len(PNG) // 2]), {X_PNG: "cut_short"}),
    Case("PNG without its end", write(X_PNG, PNG[:-12]), {X_PNG: "cut_short"}),
    Case("PNG without its last byte", write(X_PNG, PNG[:-1]), {X_PNG: "cut_short"}),
    Case("PNG with a flipped bit", write(X_PNG, with_flipped_pixel_data(PNG)), {X_PNG: "damaged"}),
    Case("PNG with a flipped bit that decoders do not mind",
         write(X_PNG, with_flipped_pixel_data(encoded(ODD, compress_level=0))), {X_PNG: "damaged"}),
    Case("PNG without pixels", write(X_PNG, without_chunk(PNG, b"IDAT")), {X_PNG: "damaged"}),
    Case("BMP without its last byte, which is filling", write("cat/x.bmp", encoded(picture(1, 25), "BMP")[:-1]),
         {"cat/x.bmp": "cut_short"}),
    Case("BMP that announces one row more", write("cat/x.bmp", BMP_OF_ONE_MORE_ROW), {"cat/x.bmp": "cut_short"}),
    Case("BMP packed by run lengths", write("cat/x.bmp", rle_bmp(24, 24)), {}),
    Case("BMP packed by run lengths, cut", write("cat/x.bmp", rle_bmp(24, 24)[:-1]), {"cat/x.bmp": "cut_short"}),
    Case("BMP of which two letters are left", write("cat/x.bmp", b"BM\0\0"), {"cat/x.bmp": "cut_short"}),
    Case("GIF without its end mark", write("cat/x.gif", GIF[:-1]), {"cat/x.gif": "cut_short"}),
    Case("GIF cut in its second picture", write("cat/x.gif", ANIMATED["GIF"][: len(ANIMATED["GIF"]) // 2]),
         {"cat/x.gif": "cut_short"}),
    Case("WebP without its last byte", write("cat/x.webp", WEBP[:-1]), {"cat/x.webp": "cut_short"}),
    # Something else.
    Case("text named .jpg", write(X_JPG, b"hello"), {X_JPG: "text"}),
    Case("text about BMWs", write("cat/x.bmp", b"BMW is a maker of cars in Munich."), {"cat/x.bmp": "text"}),
    Case("text in UTF-16", write(X_PNG, "hello".encode("utf-16")), {X_PNG: "text"}),
    Case("web page saved as an image", write(X_JPG, WEB_PAGE), {X_JPG: "web_page"}, remark="could not be decoded"),
    Case("Git LFS pointer", write(X_JPG, POINTER), {X_JPG: "pointer"}),
    Case("notes beside the images", write("cat/notes.txt", b"taken in May"), {"cat/notes.txt": "text"}),
    Case("bytes without any sense", write(X_JPG, bytes(range(256))), {X_JPG: "no_image"}),
    Case("phone's photo", write("cat/x.heic", boxes(b"heic")), {"cat/x.heic": "heic"}, remark="1 × HEIC"),
    Case("phone's photo renamed .jpg", write(X_JPG, boxes(b"mif1", b"mif1heic")), {X_JPG: "heic"}),
    Case("phone's photo of a brand that nobody knows", write("cat/x.hif", boxes(b"MiHE", b"xxxxheic")),
         {"cat/x.hif": "heic"}),
    Case("AVIF", write("cat/x.avif", boxes(b"avif", b"mif1avif")), {"cat/x.avif": "other_format"}),
    Case("TIFF", write("cat/x.tif", TIFF), {"cat/x.tif": "other_format"}, remark="format that is not read"),
    Case("camera raw", write("cat/x.nef", TIFF), {"cat/x.nef": "other_format"}),
    Case("SVG", write("cat/x.svg", SVG), {"cat/x.svg": "other_format"}),
    Case("PDF named .png", write(X_PNG, b"%PDF-1.7\n\xff"), {X_PNG: "other_format"}),
    Case("video", write("cat/x.mov", boxes(b"qt  ")), {"cat/x.mov": "video"}, remark="1 × a video"),
    Case("archive in the folder", write("cat/x.zip", b"PK\3\4" + bytes(30)), {"cat/x.zip": "no_image"}),
    # Used, with or without a remark.
    Case("PNG named .jpg", write(X_JPG, PNG), {X_JPG: "wrong_ending"}),
    Case("JPEG named .png", write(X_PNG, JPEG), {X_PNG: "wrong_ending"}),
    Case("JPEG named .jfif, as Windows does", write("cat/x.jfif", JPEG)),
    Case("ending in capitals", write("cat/X.JPEG", JPEG)),
    Case("no ending", write("cat/IMG_0001", JPEG), {"cat/IMG_0001": "no_ending"}),
    Case("ending of a text", write("cat/x.txt", PNG), {"cat/x.txt": "no_ending"}),
    Case("name that is only an ending after a dot in the folder", write("cat.v2/jpg", JPEG),
         {"cat.v2/jpg": "no_ending"}, class_names=("cat", "cat.v2", "dog")),
    Case("animated GIF", write("cat/x.gif", ANIMATED["GIF"]), {"cat/x.gif": "animated"}),
    Case("animated WebP", write("cat/x.webp", ANIMATED["WEBP"]), {"cat/x.webp": "animated"}),
    Case("animated PNG", write(X_PNG, ANIMATED["PNG"]), {X_PNG: "animated"}),
    Case("animated, of wrong ending", write(X_PNG, ANIMATED["GIF"]), {X_PNG: "animated wrong_ending"}),
    Case("phone's two pictures in one file", write(X_JPG, encoded(ODD, "MPO", save_all=True, append_images=FILM))),
    Case("EXIF that breaks off", write(X_JPG, bad_exif(JPEG))),
    Case("EXIF that is none", write(X_JPG, bad_exif(JPEG, b"garbage!garbage!"))),
    # Too large.
    Case("PNG of 400 megapixels", write(X_PNG, large_png(20_000, 20_000)), {X_PNG: "too_many_pixels"}),
    Case("JPEG of 60 megapixels", write(X_JPG, large_jpeg(10_000, 6_000)), {X_JPG: "too_many_pixels"}),
    Case("JPEG of 3,600 megapixels", write(X_JPG, large_jpeg(60_000, 60_000)), {X_JPG: "too_many_pixels"}),
    Case("BMP from top to bottom, too tall", write("cat/x.bmp", TALL_BMP), {"cat/x.bmp": "too_many_pixels"}),
    Case("GIF of 4,000 megapixels", write("cat/x.gif", WIDE_GIF), {"cat/x.gif": "too_many_pixels"}),
    Case("WebP of 268 megapixels", write("cat/x.webp", LARGE_WEBP), {"cat/x.webp": "too_many_pixels"}),
    Case("file of 10 GB", sparse, {X_JPG: "too_large"}),
    Case("comment that unpacks to 20 MB", write(X_PNG, text_bomb()), {X_PNG: "damaged"}),
    # What systems and programs leave.
    Case("side file of macOS", write("cat/._0.png", PNG), {"cat/._0.png": "mac_side_file"}),
    Case("notes of macOS", several(write(".DS_Store", b"Bud1"), write("cat/.DS_Store", b"Bud1")),
         {".DS_Store": "mac_notes", "cat/.DS_Store": "mac_notes"}),
    Case("notes of Windows", several(write("cat/Thumbs.db", JPEG), write("desktop.ini", b"[x]")),
         {"cat/Thumbs.db": "windows_notes", "desktop.ini": "windows_notes"}),
    Case("folder of macOS", write("__MACOSX/cat/0.png", PNG), {"__MACOSX/cat/0.png": "mac_folder"}),
    Case("folder of macOS deeper down", write("cat/__MACOSX/0.png", PNG), {"cat/__MACOSX/0.png": "mac_folder"}),
    Case("copies that Jupyter keeps", several(write(".ipynb_checkpoints/0.png", PNG),
         write("cat/.ipynb_checkpoints/1.png", PNG)),
         {".ipynb_checkpoints/0.png": "checkpoints", "cat/.ipynb_checkpoints/1.png": "checkpoints"}),
    Case("hidden image", write("cat/.secret.png", PNG), {"cat/.secret.png": "hidden"}),
    Case("hidden class folder", write(".git/0.png", PNG), {".git/0.png": "hidden"}),
    # Links and what is no file.
    Case("link to a file outside", several(beside_folder("other"), link(X_PNG, "{beside}/other/cat/0.png")),
         {X_PNG: "link_out"}),
    Case("link to a folder whose name only begins alike",
         several(lambda root, beside: make_folder(Path(f"{root}-2"), start=5000), link(X_PNG, "{root}-2/cat/0.png")),
         {X_PNG: "link_out"}),
    Case("link by way of dots", several(beside_folder("other"), link(X_PNG, "../../beside/other/cat/0.png")),
         {X_PNG: "link_out"}),
    Case("link to a folder outside", several(beside_folder("other"), link("bird", "{beside}/other/cat", folder=True)),
         {"bird": "link_out"}),
    Case("link to nothing", link(X_PNG, "nowhere.png"), {X_PNG: "link_broken"}),
    Case("link to itself", link(X_PNG, "x.png"), {X_PNG: "link_broken"}),
    Case("link to the folder it is in", link("cat/again", "..", folder=True), {"cat/again": "link_folder"}),
    Case("link to a file of the folder", link("cat/x.png", "0.png")),
    Case("pipe", pipe, {X_JPG: "special"}),
    Case("socket", unix_socket, {X_PNG: "special"}),
    # Classes.
    Case("empty class", empty_folder("bird"), remark="classes without images, left out: bird"),
    Case("class of which no image can be read", several(write("bird/0.png", b""), write("bird/1.png", b"text")),
         {"bird/0.png": "empty", "bird/1.png": "text"}, remark="classes without images, left out: bird"),
    Case("class of phone's photos only", write("bird/0.heic", boxes(b"heic")), {"bird/0.heic": "heic"},
         remark="classes without images, left out: bird"),
    Case("one class", lambda root, beside: shutil.rmtree(root / "dog"), problem="holds one class, 'cat'",
         class_names=("cat",)),
    Case("one class, with a file that is broken", several(lambda root, beside: shutil.rmtree(root / "dog"),
         write(X_JPG, JPEG[:-2])), {X_JPG: "cut_short"}, problem="holds one class, 'cat'", class_names=("cat",)),
    Case("one class besides one that cannot be read",
         only(several(many("cat", 3), write("dog/0.png", b""), write("dog/1.heic", boxes(b"heic")))),
         {"dog/0.png": "empty", "dog/1.heic": "heic"}, problem="Left out: 1 × HEIC", class_names=("cat",)),
    Case("one image in a class", many("bird", 1), remark="classes with one image",
         class_names=("bird", "cat", "dog")),
    Case("99 to 1", only(several(many("cat", 99), lambda root, beside: make_folder(root, ("dog",), 1))),
         remark="99 images of cat, 1 of dog. Who always answers cat is right in 99%"),
    Case("loose files at the top", write("x.png", PNG), {"x.png": "loose"}, remark="1 × in no class folder"),
    Case("loose files around a wrapper", only(several(
         lambda root, beside: make_folder(root / "photos"), write("photos/x.png", PNG), write("y.png", PNG))),
         {"photos/x.png": "loose", "y.png": "loose"}),
    Case("nothing but loose files", only(several(write("x.png", PNG), write("y.jpg", JPEG))),
         {"x.png": "loose", "y.jpg": "loose"}, problem="lie loose", class_names=()),
    Case("nested folders",
         several(write("cat/2024/may/x.png", PNG), write("dog/deep/y.jpg", encoded(FILM[1], "JPEG")))),
    Case("names with spaces", arranged("my cat", " dog "), class_names=(" dog ", "my cat")),
    Case("accents as macOS and as Linux write them", arranged(f"train/{COMPOSED}", "train/tea", f"test/{APART}",
         "test/tea"), class_names=(COMPOSED, "tea")),
    Case("names of other scripts", arranged("кошка", "犬", "🐦"), class_names=("кошка", "犬", "🐦")),
    Case("names that differ by capitals, side by side", arranged("a", "A", "b"), remark="'A', 'a'",
         class_names=("A", "a", "b")),
    Case("names that differ by capitals, in two splits", arranged("train/Cat", "train/dog", "test/cat", "test/DOG"),
         class_names=("Cat", "dog")),
    Case("names that differ by spaces", arranged("cat", "cat ", "dog"), remark="'cat', 'cat '",
         class_names=("cat", "cat ", "dog")),
    Case("200 classes", only(lambda root, beside: make_folder(root, [f"{n:03}" for n in range(200)], 3)),
         class_names=tuple(f"{n:03}" for n in range(200))),
    Case("class of the test images only", arranged("train/cat", "train/dog", "test/cat", "test/bird"),
         remark="classes without training images: bird", class_names=("bird", "cat", "dog")),
    # Splits.
    Case("folder beside train and test", arranged("train/cat", "train/dog", "test/cat", "test/dog", "misc"),
         {f"misc/{n}.png": "outside_splits" for n in range(4)}, remark="beside the train folder"),
    Case("test images without classes", several(arranged("train/cat", "train/dog"), write("test/1.png", PNG)),
         {"test/1.png": "loose"}),
    Case("test images without classes in an odd folder", several(arranged("train/cat", "train/dog"),
         write("test1/1.png", PNG)), {"test1/1.png": "outside_splits"}),
    Case("trains and cars", arranged("train", "car"), class_names=("car", "train")),
    Case("no train folder", arranged("test/cat", "test/dog"), problem="has test but no train folder"),
    Case("no validation image can be read", several(arranged("train/cat", "train/dog"), write("val/cat/0.png", b"")),
         {"val/cat/0.png": "empty"}, problem="none of the validation images"),
    Case("too few to cut from", arranged("cat", "dog", count=1), problem="too few images to cut a test split"),
    Case("nothing that can be read", only(several(write("a/0.png", b""), write("b/0.png", b"text"))),
         {"a/0.png": "empty", "b/0.png": "text"}, problem="none of the train images", class_names=()),
    Case("no images", only(write("a/notes.txt", b"hi")), {"a/notes.txt": "text"}, problem="holds no images",
         class_names=()),
    Case("one picture in two classes", copy_of_cat_0("dog/x.png"), {
         "cat/0.png": "two_classes", "dog/x.png": "two_classes"}, remark="2 images show a picture that stands in two"),
    Case("training image also in test", several(arranged("train/cat", "train/dog", "test/cat", "test/dog"),
         copy_of_cat_0("test/cat/x.png")), {"train/cat/0.png": "copy"}, remark="1 training image also in test"),
    Case("training image also in test, larger and as JPEG",
         several(arranged("train/cat", "train/dog", "test/cat", "test/dog"),
                 lambda root, beside: picture(0).resize((60, 60)).save(root / "test/cat/x.jpg", quality=90)),
         {"train/cat/0.png": "copy"}, remark="1 training image also in test"),
    # Names.
    Case("name with a line end and a terminal's commands", write("cat/a\n\x1b[31mb.jpg", PNG),
         {"cat/a\n\x1b[31mb.jpg": "wrong_ending"}),
    Case("name that is no UTF-8", write(os.fsdecode(b"cat/\xff.png"), PNG)),
    Case("name with a backslash", write("cat/a\\b.png", PNG)),
    Case("name that is a pattern", write("cat/[0-9]*.png", PNG)),
]  # fmt: skip


def all_files(root):
    """Every path below root that is no folder; of links and special files too."""
    found = set()
    for place, folders, names in os.walk(root):
        relative = os.path.relpath(place, root)
        names = [*names, *(name for name in folders if Path(place, name).is_symlink())]
        found |= {name if relative == "." else f"{relative}/{name}".replace(os.sep, "/") for name in names}
    return found


def state_of(root):
    """What must not change: names, times and modes, and what is in the files."""
    state = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        regular = stat.S_ISREG(status.st_mode) and status.st_size < 1e6
        state[path] = (status.st_mtime_ns, status.st_size, status.st_mode, path.read_bytes() if regular else b"")
    return state


def reasons(found, path):
    return {note.reason for file in found.files if file.path == path for note in file.notes}


def check_accounts(found, root):
    """Each file once; what is used, in the split and class that count it; no picture in two splits."""
    paths = [file.path for file in found.files]
    assert len(paths) == len(set(paths))
    assert set(paths) == all_files(root)
    splits = {file.path: file.split for file in found.files if file.is_used}
    for group in found.copies:
        assert len({splits[path] for path in group.paths if path in splits}) <= 1
    assert sum(found.counts.values()) == len(paths)
    assert sum(sum(counts.values()) for counts in found.class_counts.values()) == len(splits)
    assert all(bool(split) != bool(found.problem) for split in splits.values())


@pytest.fixture(autouse=True)
def _a_wide_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "beside").mkdir()
    return make_folder(tmp_path / "photos")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_file_is_used_or_listed_with_the_reason(case, root, tmp_path, capfd):
    case.make(root, tmp_path / "beside")
    before = state_of(root)
    found = audit(root)
    assert {file.path: " ".join(sorted({n.reason for n in file.notes})) for file in found.files if file.notes} == (
        case.expected
    )
    check_accounts(found, root)
    assert found.class_names == case.class_names
    assert case.remark in "; ".join(found.remarks)
    assert case.problem in found.problem
    assert bool(case.problem) == bool(found.problem), found.problem
    assert state_of(root) == before, "nothing was changed"
    if case.problem:
        with pytest.raises(ValueError, match="load: "):
            data.load(root)
    else:
        dataset = data.load(root)
        assert dataset.class_names == case.class_names
        assert dataset.remarks == found.remarks
        sizes = {split: len(getattr(dataset, split)) for split in ("train", "validation", "test")}
        assert sizes == {split: sum(c.get(split, 0) for c in found.class_counts.values()) for split in sizes}
    json.dumps(found.to_dict(), ensure_ascii=False).encode("utf-8")
    text = str(found)
    assert "\x1b" not in text
    assert "Traceback" not in capfd.readouterr().err
    for path in list(case.expected)[:3]:
        assert shown(path) in text


@pytest.mark.parametrize("columns", [50, 80])
def test_lines_are_no_wider_than_the_terminal(columns, root, monkeypatch):
    """Names are kept whole, so that they can be copied; what is said about them moves below."""
    monkeypatch.setenv("COLUMNS", str(columns))
    (root / "cat" / "cut.jpg").write_bytes(b"")
    (root / "dog" / "letter.jpg").write_text("Dear dog")
    copied = root / "dog" / "a rather long name of a photo.jpg"
    copied.write_bytes(next(path for path in sorted((root / "cat").iterdir()) if path.stat().st_size).read_bytes())
    found = audit(root)
    lines = str(found).splitlines()[1:]  # the first one says where the folder lies
    assert [line for line in lines if len(line) > columns] == []
    assert f"      dog/{copied.name}" in "\n".join(lines)


def test_a_healthy_folder_is_called_so(root):
    said = "Every file is used, and no two show the same picture."
    assert said in str(audit(root))
    assert said in audit(root).html()
    assert 'class="left"' not in audit(root).html()
    (root / "cat" / "empty.jpg").write_bytes(b"")
    assert said not in str(audit(root))
    assert said not in audit(root).html()
    assert 'class="left"' in audit(root).html()


def test_each_case_is_of_its_own_kind():
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
    met = {reason for case in CASES for reasons in case.expected.values() for reason in reasons.split()}
    elsewhere = {"unreadable", "unreadable_folder", "encrypted", "path_out", "link_in_archive"}
    assert met | elsewhere == set(REASONS)


# Archives ---------------------------------------------------------------------------------------------------------


def zipped(root, path, extra=(), **options):
    """An archive of root in which more entries follow: (ZipInfo or name, content)."""
    with zipfile.ZipFile(path, "w", **options) as archive:
        for file in sorted(root.rglob("*.png")):
            archive.write(file, file.relative_to(root.parent))
        for entry, content in extra:
            archive.writestr(entry, content)
    return path


def zip_link(name):
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


def outcomes(found):
    return {file.path: {note.reason for note in file.notes} for file in found.files if file.notes}


def test_zip_members_that_do_not_count(root, tmp_path, monkeypatch):
    monkeypatch.setattr("practicum.files.MOST_BYTES", 100_000)
    bomb = bytes(100_001)
    extra = [
        ("../cat/evil.png", PNG),
        ("photos/cat/../../../evil.png", PNG),
        (zip_link("photos/cat/link.png"), b"/etc/passwd"),
        ("__MACOSX/photos/cat/._0.png", PNG),
        ("photos/cat/bomb.png", bomb),
        ("photos/dog/text.jpg", b"hello"),
        ("photos/dog/phone", boxes(b"heic")),
    ]
    found = audit(zipped(root, tmp_path / "p.zip", extra, compression=zipfile.ZIP_DEFLATED))
    assert outcomes(found) == {
        "../cat/evil.png": {"path_out"},
        "photos/cat/../../../evil.png": {"path_out"},
        "photos/cat/link.png": {"link_in_archive"},
        "__MACOSX/photos/cat/._0.png": {"mac_folder"},
        "photos/cat/bomb.png": {"too_large"},
        "photos/dog/text.jpg": {"text"},
        "photos/dog/phone": {"heic"},
    }
    assert found.counts["used"] == 12
    assert not (tmp_path / "evil.png").exists()


def test_zip_members_that_are_damaged_or_encrypted(root, tmp_path):
    path = zipped(root, tmp_path / "p.zip", [("photos/cat/locked.png", PNG), ("photos/cat/odd.png", PNG)])
    content = bytearray(path.read_bytes())
    pixels = content.index((root / "cat" / "3.png").read_bytes())
    content[pixels + 60] ^= 1  # its checksum in the archive does not fit any more
    listed = content.rindex(b"photos/cat/locked.png") - 46
    content[listed + 8] |= 1
    content[content.rindex(b"photos/cat/odd.png") - 46 + 10] = 77  # a way of packing that nobody knows
    path.write_bytes(content)
    found = audit(path)
    assert outcomes(found) == {
        "photos/cat/3.png": {"damaged"},
        "photos/cat/locked.png": {"encrypted"},
        "photos/cat/odd.png": {"damaged"},
    }
    assert found.counts == {"used": 11, "used with a remark": 0, "left out": 3}


def test_a_zip_of_an_old_windows_program(root, tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for file in sorted(root.rglob("*.png")):
            archive.writestr("photos\\" + str(file.relative_to(root)).replace("/", "\\"), file.read_bytes())
    found = audit(tmp_path / "p.zip")
    assert found.class_names == ("cat", "dog")
    assert found.counts["used"] == 12


def tar_member(name, kind, linkname="", content=b""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, linkname, len(content)
    return member, io.BytesIO(content)


@pytest.mark.parametrize("packing", ["", "gz"])
def test_tar_members_that_do_not_count(root, tmp_path, packing):
    long_name = "photos/dog/" + "long" * 60 + ".png"
    with tarfile.open(tmp_path / "p.tar", f"w:{packing}") as archive:
        archive.add(root, "photos")
        for member in (
            tar_member("photos/cat/link.png", tarfile.SYMTYPE, "/etc/passwd"),
            tar_member("photos/cat/twin.png", tarfile.LNKTYPE, "photos/cat/0.png"),
            tar_member("photos/cat/orphan.png", tarfile.LNKTYPE, "/etc/passwd"),
            tar_member("photos/cat/device.png", tarfile.CHRTYPE),
            tar_member("photos/cat/pipe.png", tarfile.FIFOTYPE),
            tar_member("../evil.png", tarfile.REGTYPE, content=PNG),
            tar_member(long_name, tarfile.REGTYPE, content=encoded(picture(77), "PNG")),
            tar_member("photos/dog/phone", tarfile.REGTYPE, content=boxes(b"heic")),
            tar_member("photos/dog/unnamed", tarfile.REGTYPE, content=JPEG),
        ):
            archive.addfile(*member)
    found = audit(tmp_path / "p.tar")
    assert outcomes(found) == {
        "photos/cat/link.png": {"link_in_archive"},
        "photos/cat/orphan.png": {"link_in_archive"},
        "photos/cat/device.png": {"special"},
        "photos/cat/pipe.png": {"special"},
        "../evil.png": {"path_out"},
        "photos/dog/phone": {"heic"},
        "photos/dog/unnamed": {"no_ending"},
    }
    assert [group.paths for group in found.copies] == [("photos/cat/0.png", "photos/cat/twin.png")]
    assert found.counts["used"] == 14
    assert long_name in {file.path for file in found.files if file.is_used}


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_an_archive_that_is_cut_short_is_named(root, tmp_path, kind):
    path = tmp_path / f"p.{kind}"
    if kind == "zip":
        zipped(root, path)
    else:
        with tarfile.open(path, "w:gz" if kind.endswith("gz") else "w") as archive:
            archive.add(root, "photos")
    for share in (0.2, 0.5):
        cut = tmp_path / f"cut{share}.{kind}"
        cut.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
        with pytest.raises(
            ValueError, match=f"{re.escape(str(cut))} .*(cannot be read to its end|neither a folder nor)"
        ):
            audit(cut)


def test_a_folder_and_its_archives_have_the_same_audit(root, tmp_path):
    (root / "cat" / "x.jpg").write_bytes(JPEG[:-2])
    (root / "y.png").write_bytes(PNG)
    (root / "dog" / "noend").write_bytes(PNG)
    with tarfile.open(tmp_path / "p.tgz", "w:gz") as archive:
        archive.add(root, "photos")
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for file in sorted(path for path in root.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(root))
    folder, packed, zipped_ = audit(root), audit(tmp_path / "p.tgz"), audit(tmp_path / "p.zip")
    assert [(file.path, file.split, file.notes) for file in folder.files] == [
        (file.path, file.split, file.notes) for file in zipped_.files
    ]
    assert [(f"photos/{file.path}", file.split, file.notes) for file in folder.files] == [
        (file.path, file.split, file.notes) for file in packed.files
    ]


# Cut at any point -------------------------------------------------------------------------------------------------

SMALL = picture(5, 10)
WHOLE = {
    "JPEG": encoded(SMALL, "JPEG", quality=60),
    "progressive JPEG": encoded(SMALL, "JPEG", quality=60, progressive=True),
    "PNG": encoded(SMALL),
    "grey PNG": encoded(SMALL.convert("L")),
    "BMP": encoded(SMALL, "BMP"),
    "GIF": encoded(SMALL, "GIF"),
    "WebP": encoded(SMALL, "WEBP", quality=50),
    "WebP without loss": encoded(SMALL, "WEBP", lossless=True),
    "animated WebP": ANIMATED["WEBP"],
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_cut_at_any_point_gives_no_pixels(kind):
    whole = WHOLE[kind]
    assert decoding.decode_image(whole).shape[2] == 3
    ends = range(len(whole)) if len(whole) < 1500 else range(0, len(whole), 7)
    for end in ends:
        with pytest.raises(decoding.Refused) as refusal:
            decoding.decode_image(whole[:end])
        # A handful of bytes may be anything, and a decoder may trip before the end.
        assert refusal.value.note.reason in ("cut_short", "damaged", "empty", "no_image", "text"), end


# What costs memory ------------------------------------------------------------------------------------------------


def test_a_huge_image_costs_no_memory(tmp_path):
    """A PNG of 12 KB that would take 400 MB, a WebP whose decoder would take 2 GB, a file of 10 GB."""
    resource = pytest.importorskip("resource")
    make_folder(tmp_path / "photos")
    content = large_png(20_000, 20_000)
    assert len(content) < 60_000
    for name, bytes_ in (("a.png", content), ("b.webp", LARGE_WEBP), ("c.jpg", large_jpeg(60_000, 60_000))):
        (tmp_path / "photos" / "cat" / name).write_bytes(bytes_)
    sparse(tmp_path / "photos", None)
    code = (
        "import resource, sys; from practicum.audit import audit; from PIL import Image\n"
        "import PIL.JpegImagePlugin, PIL.PngImagePlugin, PIL.WebPImagePlugin\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"found = audit({str(tmp_path / 'photos')!r})\n"
        "print(found.counts['left out'], (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    del resource
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 0, done.stderr
    left_out, megabytes = map(int, done.stdout.split())
    assert left_out == 4
    assert megabytes < 60


def test_the_limit_of_pixels_is_the_limit(root, monkeypatch):
    monkeypatch.setattr(decoding, "MOST_PIXELS", 24 * 24)
    (root / "cat" / "x.png").write_bytes(encoded(picture(1, 25)))
    (root / "cat" / "y.jpg").write_bytes(encoded(picture(1, 25), "JPEG"))
    found = audit(root)
    assert outcomes(found) == {"cat/x.png": {"too_many_pixels"}, "cat/y.jpg": {"too_many_pixels"}}
    assert found.counts["used"] == 12


# Rights -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def open_place():
    """A folder that anybody may enter and write to, which those of tmp_path are not."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o777)
        yield place


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other rights")
def test_what_may_not_be_read_is_listed(open_place, monkeypatch):
    root = make_folder(open_place / "photos")
    for name in ("cat/0.png", "cat/unnamed"):
        (root / name).write_bytes(PNG)
        (root / name).chmod(0)
    make_folder(root, ("bird",), start=70)
    (root / "bird").chmod(0)
    monkeypatch.setenv("PRACTICUM_CACHE", str(open_place / "cache"))
    other = make_folder(open_place / "other")
    # Root may read everything, so it becomes nobody, once all modules are imported.
    code = (
        "import json, os; from practicum.audit import audit\n"
        f"os.umask(0); audit({str(other)!r})\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        f"found = audit({str(root)!r})\n"
        "print(json.dumps({f.path: [n.reason for n in f.notes] for f in found.files if f.notes}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    (root / "bird").chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "bird/": ["unreadable_folder"],
        "cat/0.png": ["unreadable"],
        "cat/unnamed": ["unreadable"],
    }


def test_a_file_that_fails_while_it_is_read_is_listed(root, monkeypatch):
    faults = iter([OSError(5, "Input/output error")])

    def fails_once(number):
        for error in faults:
            raise error
        return os.fstat(number)

    monkeypatch.setattr(decoding, "os", SimpleNamespace(fstat=fails_once))
    monkeypatch.setattr("practicum.folder.shared_size", lambda *_: (24, 24))
    found = audit(root)
    assert list(outcomes(found).values()) == [{"unreadable"}]
    assert "Input/output error" in str(found)


# What is kept -----------------------------------------------------------------------------------------------------


def test_the_audit_is_by_product_of_loading(root, monkeypatch):
    data.load(root)
    monkeypatch.setattr("practicum.folder.decode_batch", lambda *_, **__: pytest.fail("decoded again"))
    assert audit(root).counts["used"] == 12


def test_loading_is_by_product_of_the_audit(root, monkeypatch):
    audit(root)
    monkeypatch.setattr("practicum.folder.decode_batch", lambda *_, **__: pytest.fail("decoded again"))
    assert len(data.load(root).train) == 8


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "cat" / "x.png").symlink_to("nowhere"),
        lambda root: (root / "cat" / "notes.txt").write_text("hi"),
        lambda root: (root / "bird").mkdir(),
        lambda root: (root / "cat" / "0.png").chmod(0o600),
    ],
    ids=["a link to nothing", "a text", "an empty class", "other rights"],
)
def test_whatever_changes_is_audited_anew(root, change, monkeypatch):
    audit(root)
    change(root)
    looked = []
    monkeypatch.setattr("practicum.audit.decode_into", lambda *arguments: looked.append(1) or decode_into(*arguments))
    audit(root)
    assert looked


def test_another_size_and_seed_are_another_audit(root):
    assert audit(root).image_size == (24, 24)
    assert audit(root, image_size=16).image_size == (16, 16)
    assert audit(root, image_size=(16, 20)).image_size == (16, 20)
    splits = [[file.split for file in audit(root, seed=seed).files] for seed in (0, 1, 2)]
    assert splits[0] == [file.split for file in audit(root).files]
    assert len({tuple(each) for each in splits}) > 1


@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_the_splits_are_those_of_the_dataset(root, tmp_path, kind):
    """Each file's pixels stand in the split that the audit names, also where some between them have none."""
    (root / "cat" / "2 broken.png").write_bytes(PNG[:-20])
    place = root
    if kind == "tar":
        place = tmp_path / "p.tar"
        with tarfile.open(place, "w") as archive:
            for path in sorted(root.rglob("*.png"), reverse=True):
                archive.add(path, path.relative_to(root))
    found, dataset = audit(place), data.load(place)
    for split in ("train", "validation", "test"):
        paths = [file.path for file in found.files if file.split == split]
        images = [np.asarray(Image.open(root / path).convert("RGB")) for path in paths]
        assert sorted(image.tobytes() for image in images) == sorted(
            image.tobytes() for image in getattr(dataset, split).images
        )


@pytest.mark.parametrize("wrong", ["nowhere", "file.txt"])
def test_what_is_no_folder_is_named(tmp_path, wrong):
    (tmp_path / "file.txt").write_text("hi")
    with pytest.raises(ValueError, match=r"no folder or archive|neither a folder nor"):
        audit(tmp_path / wrong)


# Images of other people -------------------------------------------------------------------------------------------

PILLOW = "12.0.0"


@pytest.fixture(scope="module")
def pillow_images(tmp_path_factory):
    """Tests/images of Pillow's source distribution, from the cache folder or from PyPI."""
    import platformdirs

    kept = Path(platformdirs.user_cache_dir("practicum-tests", appauthor=False))
    archive = next(kept.glob("pillow-*.tar.gz"), None)
    if archive is None:
        command = [sys.executable, "-m", "pip", "download", "--no-binary", "pillow", "--no-deps"]
        done = subprocess.run(
            [*command, "--dest", str(kept), f"pillow=={PILLOW}"], capture_output=True, text=True, timeout=300
        )
        archive = next(kept.glob("pillow-*.tar.gz"), None)
        if archive is None:
            pytest.skip(f"Pillow's source distribution cannot be had here: {done.stderr[-200:]}")
    root = tmp_path_factory.mktemp("pillow")
    with tarfile.open(archive) as packed:
        for member in packed:
            _, _, inner = member.name.partition("/Tests/images/")
            content = packed.extractfile(member) if inner and member.isfile() else None
            if content is not None:
                target = root / ("even", "odd")[len(inner) % 2] / inner
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
    return root


def test_every_image_that_pillow_is_tested_with_is_accounted_for(pillow_images, capfd):
    found = audit(pillow_images)
    check_accounts(found, pillow_images)
    assert len(found.files) > 1000
    assert found.counts["used"] + found.counts["used with a remark"] > 500
    output = capfd.readouterr()
    assert "Traceback" not in output.err
    assert "arning" not in output.err
    dataset = data.load(pillow_images)
    assert dataset.image_shape == (96, 96, 3)


# What one sees ----------------------------------------------------------------------------------------------------

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def evil_audit(tmp_path):
    """A folder whose names are HTML."""
    root = make_folder(tmp_path / "photos", (f"<b>{EVIL[:8]}", "dog"))
    (root / "dog" / "<img src=x onerror=alert(2)>.jpg").write_bytes(b"text")
    (root / "dog" / "&lt;.png").write_bytes(JPEG)
    shutil.copy(root / "dog" / "0.png", root / "dog" / "<i>copy.png")
    (root / "<u>empty").mkdir()
    return audit(root)


def test_the_table_is_escaped(evil_audit):
    page = evil_audit._repr_html_()
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(2)&gt;.jpg" in page
    assert "&amp;lt;.png" in page
    assert "&lt;u&gt;empty" in page


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_the_page_can_be_read_in_a_browser(open_page, evil_audit, tmp_path, width, color_scheme):
    page = open_page(evil_audit.save(tmp_path / "audit.html"), width=width, color_scheme=color_scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".facts b").all_inner_texts() == ["13", "1", "1"]
    assert page.locator("tbody tr").count() == 2
    assert page.locator("img, script").count() == 0
    from axe_playwright_python.sync_playwright import Axe

    assert Axe().run(page).response["violations"] == []


def test_a_notebook_shows_a_fragment(root):
    fragment = audit(root)._repr_html_()
    assert fragment.lstrip().startswith("<div")
    assert "<html" not in fragment
    assert "<!doctype" in audit(root).html()


def run_cli(*arguments):
    command = [sys.executable, "-m", "practicum", "audit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, env=os.environ)


def test_the_command_shows_the_table(root):
    (root / "cat" / "x.jpg").write_bytes(b"hello")
    done = run_cli(root)
    assert done.returncode == 0, done.stderr
    assert "13 files" in done.stdout
    assert "text, not an image (1)" in done.stdout
    assert "cat/x.jpg" in done.stdout


def test_the_command_gives_json_on_one_line(root, tmp_path):
    (root / "cat" / "x.jpg").write_bytes(b"hello")
    done = run_cli(root, "--json", "--out", tmp_path / "page.html", "--image-size", 16)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert found["usable"] is True
    assert found["image_size"] == [16, 16]
    assert len(found["files"]) == 13
    x = next(file for file in found["files"] if file["path"] == "cat/x.jpg")
    assert x == {"path": "cat/x.jpg", "outcome": "left out", "split": "", "class": "", "why": ["text, not an image"]}
    assert "<table>" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_command_tells_by_its_status_what_cannot_be_trained_on(root, tmp_path):
    shutil.rmtree(root / "dog")
    done = run_cli(root)
    assert done.returncode == 1
    assert "This cannot be trained on" in done.stdout
    nowhere = run_cli(tmp_path / "nowhere")
    assert nowhere.returncode == 2
    assert nowhere.stderr.count("\n") == 1
    assert nowhere.stdout == ""


def test_long_lists_are_shortened_on_the_screen_but_not_in_json(root):
    for number in range(30):
        (root / "cat" / f"bad{number:02}.jpg").write_bytes(b"text")
    found = audit(root)
    assert "… and 10 more; --json names all" in str(found)
    assert "bad19.jpg" in str(found)
    assert "bad20.jpg" not in str(found)
    assert sum(file["outcome"] == "left out" for file in found.to_dict()["files"]) == 30
    assert "bad29.jpg" in found.html()


def test_an_audit_says_what_it_is(root):
    found = audit(str(root))
    assert isinstance(found, Audit)
    assert "12 used, 0 used with a remark, 0 left out" in repr(found)
