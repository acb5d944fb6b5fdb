"""load: the bundled datasets, the ones found in PRACTICUM_DATA, folders and archives."""

import csv
import errno
import gc
import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile

import numpy as np
import pytest
from conftest import PROJECT
from PIL import Image

from practicum import data, folder, workers
from practicum.dataset import SPLITS, UnusableDataError, image_keys
from practicum.pixel_files import PixelFile


def all_keys(dataset):
    return {split: set(image_keys(getattr(dataset, split).images).tolist()) for split in SPLITS}


def same(one, other):
    return all(
        np.array_equal(getattr(getattr(one, split), part), getattr(getattr(other, split), part))
        for split in SPLITS
        for part in ("images", "labels")
    )


# Bundled ----------------------------------------------------------------------------------------------------------


def test_emoji_is_what_its_description_says():
    dataset = data.load("emoji")
    assert dataset.class_names == (
        *("faces", "people", "animals & nature", "food & drink"),
        *("travel & places", "objects", "symbols", "flags"),
    )
    assert dataset.image_shape == (32, 32, 3)
    assert [len(getattr(dataset, split)) for split in SPLITS] == [2530, 560, 552]
    assert dataset.train.images.dtype == np.uint8
    assert dataset.train.labels.dtype == np.int32
    totals = np.array([260, 700, 412, 262, 280, 590, 598, 540])
    for split in ("validation", "test"):
        shares = np.bincount(getattr(dataset, split).labels, minlength=8) / totals
        assert np.abs(shares - 0.15).max() < 0.04, split
    assert "Apache-2.0" in dataset.licence
    assert "CC-BY 4.0" in dataset.licence


def test_emoji_drawings_of_one_base_stand_in_one_split():
    with (PROJECT / "data/emoji/labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    homes = {}
    for row in rows:
        homes.setdefault(row["base"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in homes.values())
    families = {row["name"]: row["base"] for row in rows}
    assert families["clock face one oclock"] == families["clock face ten-thirty"]
    assert families["man firefighter"] == families["woman firefighter"] == families["firefighter"]
    by_flag = {row["name"]: row["base"] for row in rows if row["class"] == "flags"}
    assert by_flag["norway flag"] == by_flag["bouvet island flag"], "the same drawing under two names"


def test_no_bundled_image_is_in_two_splits():
    for name in data.BUNDLED:
        keys = all_keys(data.load(name))
        assert not keys["train"] & keys["validation"], name
        assert not keys["train"] & keys["test"], name
        assert not keys["validation"] & keys["test"], name


def test_no_emoji_has_a_near_copy_in_another_split():
    dataset = data.load("emoji")
    small = {
        split: getattr(dataset, split).images.reshape(-1, 16, 2, 16, 2, 3).mean((2, 4)).reshape(-1, 768)
        for split in SPLITS
    }
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        nearest = min(np.abs(small[one] - image).mean(axis=1).min() for image in small[other])
        assert nearest >= 2.5, (one, other, nearest)


def test_fashion_cuts_its_validation_from_train():
    dataset = data.load("fashion")
    assert [len(getattr(dataset, split)) for split in SPLITS] == [9000, 1000, 2000]
    assert dataset.image_shape == (28, 28, 1)
    assert np.bincount(dataset.validation.labels).tolist() == [100] * 10
    again, other = data.load("fashion"), data.load("fashion", seed=1)
    assert np.array_equal(dataset.validation.images, again.validation.images)
    assert not np.array_equal(dataset.validation.images, other.validation.images)
    assert np.array_equal(dataset.test.images, other.test.images)


def test_fashion_is_the_start_of_each_class_of_the_original(shared_data):
    shared_data("fashion-mnist")
    whole = data.load("fashion_mnist")
    assert [len(getattr(whole, split)) for split in SPLITS] == [54_000, 6_000, 10_000]
    sample = data.load("fashion")
    assert whole.class_names == sample.class_names
    for label in range(10):
        first = whole.test.images[whole.test.labels == label][:200]
        assert np.array_equal(sample.test.images[sample.test.labels == label], first)


@pytest.mark.parametrize("name", data.BUNDLED)
def test_bundled_files_have_their_checksums(name):
    sys.path.insert(0, str(PROJECT / "data"))
    try:
        from write_dataset import file_facts
    finally:
        sys.path.pop(0)
    folder = PROJECT / "data" / name
    description = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    assert {file: file_facts(folder / file) for file in description["files"]} == description["files"]
    assert list(folder.glob("LICENSE*")), "the licence lies beside the data"


@pytest.mark.parametrize("name", data.PHOTOS)
def test_photos_are_small_colour_photos_of_whole_numbers(name):
    photo = data.photo(name)
    assert photo.shape == (200, 300, 3)
    assert photo.dtype == np.uint8
    assert photo.flags.writeable, "a learner may draw on it"
    assert np.ptp(photo, axis=(0, 1)).min() > 150, "dark and light in every channel"
    assert np.abs(photo[..., 0].astype(int) - photo[..., 2]).mean() > 20, "in colour"


def test_photo_gives_the_cat_unless_told_otherwise():
    assert np.array_equal(data.photo(), data.photo("cat"))
    assert not np.array_equal(data.photo("cat"), data.photo("coffee"))


def test_photos_are_the_files_that_their_description_and_the_readme_name():
    folder = PROJECT / "data" / "photos"
    description = json.loads((folder / "photos.json").read_text(encoding="utf-8"))
    readme = (PROJECT / "data" / "README.md").read_text(encoding="utf-8")
    assert tuple(description["photos"]) == data.PHOTOS
    assert {path.name for path in folder.glob("*.png")} == set(description["files"])
    for name, facts in description["photos"].items():
        content = (folder / facts["file"]).read_bytes()
        written = description["files"][facts["file"]]
        assert written == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        assert data.photo(name).shape == tuple(facts["shape"])
        assert re.search(rf"{facts['file']} +{written['sha256']}$", readme, re.M)
        assert facts["author"] in readme
        assert facts["licence"] == "CC0 1.0"
    assert "CC0 1.0 Universal" in (folder / "LICENSE-CC0-1.0.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["dog", "cat.png", "../emoji/images", "", None, ["cat"]])
def test_an_unknown_photo_names_those_there_are(name):
    with pytest.raises(ValueError, match=re.escape(f"no photo is called {name!r}. Pass one of: cat, coffee.")):
        data.photo(name)


def test_a_missing_photo_is_explained(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "bundled_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"the bundled photo cat is not at .*used from its whole folder"):
        data.photo("cat")


def test_make_photos_refuses_another_file(tmp_path):
    for name in ("chelsea.png", "coffee.png"):
        Image.new("RGB", (20, 20)).save(tmp_path / name)
    script = PROJECT / "data" / "make_photos.py"
    done = subprocess.run([sys.executable, script, "--folder", tmp_path], capture_output=True, text=True)
    assert done.returncode == 1
    assert "chelsea.png: SHA-256 is" in done.stderr


def test_bundled_data_is_small():
    def size(pattern):
        return sum(path.stat().st_size for path in (PROJECT / "data").rglob(pattern) if path.is_file())

    assert size("*") - size("models/*") < 12e6
    assert 0 < size("models/*") < 6e6


def test_loading_needs_no_tensorflow():
    code = (
        "import sys; from practicum import data; data.load('emoji'); data.load('fashion'); data.photo();"
        "print([name for name in ('tensorflow', 'keras', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert done.stdout.strip() == "[]"


# Found in PRACTICUM_DATA ------------------------------------------------------------------------------------------


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    path.write_bytes(gzip.compress(header + array.tobytes()))


@pytest.fixture
def small_fashion_mnist(tmp_path, monkeypatch):
    folder = tmp_path / "shelf" / "fashion-mnist"
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for part, count in (("train", 200), ("t10k", 40)):
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", random.integers(0, 256, (count, 28, 28)).astype(np.uint8))
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", (np.arange(count) % 10).astype(np.uint8))
    monkeypatch.setenv("PRACTICUM_DATA", f"{tmp_path / 'empty'}:{tmp_path / 'shelf'}")
    return folder


def test_fashion_mnist_is_found_on_the_search_path(small_fashion_mnist):
    dataset = data.load("fashion_mnist")
    assert [len(getattr(dataset, split)) for split in SPLITS] == [180, 20, 40]
    assert isinstance(dataset.train.images, np.memmap)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "train-images-idx3-ubyte.gz").unlink(), "train-images-idx3-ubyte.gz is missing"),
        (
            lambda folder: (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"<html>sorry</html>"),
            "no whole gzip file",
        ),
        (
            lambda folder: (folder / "train-images-idx3-ubyte.gz").write_bytes(
                (folder / "train-images-idx3-ubyte.gz").read_bytes()[:5000]
            ),
            "no whole gzip file",
        ),
        (
            lambda folder: (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"\0\0\x0d\3 float data")),
            "no IDX file of bytes",
        ),
        (
            lambda folder: (folder / "train-images-idx3-ubyte.gz").write_bytes(
                gzip.compress(b"\0\0\x08\1\0\0\0\x09only 4")
            ),
            r"holds 6 bytes but its header says \(9,\)",
        ),
        (
            lambda folder: shutil.copy(folder / "t10k-images-idx3-ubyte.gz", folder / "train-images-idx3-ubyte.gz"),
            "do not belong together",
        ),
    ],
)
def test_damaged_idx_files_are_named(small_fashion_mnist, damage, message):
    damage(small_fashion_mnist)
    with pytest.raises(ValueError, match=message):
        data.load("fashion_mnist")


def cifar_record(label, image):
    return bytes([label]) + image.transpose(2, 0, 1).tobytes()


@pytest.fixture
def small_cifar10(tmp_path, monkeypatch):
    """An archive in the layout of cifar-10-binary.tar.gz, with 20 images a batch."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (120, 32, 32, 3)).astype(np.uint8)
    labels = np.arange(120) % 10
    names = [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for place, name in enumerate(names):
        records = [cifar_record(labels[i], images[i]) for i in range(place * 20, place * 20 + 20)]
        (folder / name).write_bytes(b"".join(records))
    (folder / "readme.html").write_text("<html>")
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as archive:
        archive.add(folder, folder.name)
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path))
    return images, folder, tmp_path / "cifar-10-binary.tar.gz"


def test_cifar10_binary_records_are_planes_of_red_green_and_blue(small_cifar10):
    images, _, archive = small_cifar10
    dataset = data.load("cifar10")
    assert [len(getattr(dataset, split)) for split in SPLITS] == [90, 10, 20]
    assert np.array_equal(dataset.test.images, images[100:])
    assert dataset.class_names[dataset.test.labels[3]] == "cat"
    archive.unlink()
    assert np.array_equal(data.load("cifar10").test.images, images[100:]), "the unpacked folder does as well"


def test_damaged_cifar10_is_named(small_cifar10):
    _, folder, archive = small_cifar10
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="no whole archive"):
        data.load("cifar10")
    archive.unlink()
    (folder / "data_batch_3.bin").write_bytes(b"\0" * 100)
    with pytest.raises(ValueError, match=r"no whole number of 3,073-byte records"):
        data.load("cifar10")
    (folder / "data_batch_3.bin").write_bytes(b"\x0b" * 3073)
    with pytest.raises(ValueError, match="has a label 11"):
        data.load("cifar10")
    (folder / "test_batch.bin").unlink()
    with pytest.raises(ValueError, match=r"lacks test_batch\.bin"):
        data.load("cifar10")


def test_what_cannot_be_had_says_what_was_tried(monkeypatch, tmp_path):
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"cifar10 is not bundled.*tried .*cifar-10-binary\.tar\.gz.*PRACTICUM_DATA"):
        data.load("cifar10")
    monkeypatch.delenv("PRACTICUM_DATA")
    with pytest.raises(ValueError, match="PRACTICUM_DATA is not set"):
        data.load("cifar10")


# Wrong use --------------------------------------------------------------------------------------------------------


def test_unknown_name_suggests_one():
    with pytest.raises(ValueError, match=r"'emojis' is no dataset, folder or archive\. Did you mean emoji\?"):
        data.load("emojis")


def test_unknown_name_is_told_of_the_drawn_shapes():
    with pytest.raises(ValueError, match=r"Did you mean shapes\? .*Drawn when asked for: shapes\."):
        data.load("Shapes")
    with pytest.raises(ValueError, match=r"folder or archive\. Bundled: .*Drawn when asked for: shapes\."):
        data.load("nothing like it")


@pytest.mark.parametrize("size", [4, 5000, (32,), (32, 32, 3), "32", 3.5, (32, "x")])
def test_wrong_image_size(size, photo_folder):
    with pytest.raises(ValueError, match="image_size is a number of pixels from 8 to 1024"):
        data.load(photo_folder, image_size=size)


def test_image_size_does_not_apply_to_bundled_data():
    with pytest.raises(ValueError, match="emoji has a size of its own"):
        data.load("emoji", image_size=64)


def test_missing_bundled_data_is_explained(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "bundled_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match="used from its whole folder"):
        data.load("emoji")


# Folders and archives ---------------------------------------------------------------------------------------------


def test_folder_zip_and_tar_of_the_same_images_give_the_same_dataset(photo_folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for path in sorted(photo_folder.rglob("*.png"), reverse=True):
            archive.write(path, path.relative_to(photo_folder.parent))
    with tarfile.open(tmp_path / "p.tar.gz", "w:gz") as archive:
        archive.add(photo_folder, "./")
    plain, zipped, tarred = (data.load(photo_folder), data.load(tmp_path / "p.zip"), data.load(tmp_path / "p.tar.gz"))
    assert plain.class_names == ("blue", "red")
    assert [len(getattr(plain, split)) for split in SPLITS] == [18, 2, 4]
    assert plain.image_shape == (16, 16, 3)
    assert same(plain, zipped)
    assert same(plain, tarred)
    reds = plain.train.images[plain.train.labels == 1]
    assert (reds[..., 0].mean((1, 2)) > 170).all(), "images and labels belong together"


def test_images_of_one_size_keep_it_and_others_are_resized(photo_folder, monkeypatch):
    sizes = []
    decode_all = folder._decode_all

    def noted(files, images, writer, workers, size, **options):
        sizes.append(size)
        return decode_all(files, images, writer, workers, size, **options)

    monkeypatch.setattr(folder, "_decode_all", noted)
    cut = photo_folder / "blue" / "0.png"  # the first one tells nothing
    cut.write_bytes(cut.read_bytes()[:200])
    assert data.load(photo_folder).image_shape == (16, 16, 3)
    assert sizes == [(16, 16)]

    Image.new("RGB", (20, 10)).save(photo_folder / "blue" / "10.png")
    assert data.load(photo_folder).image_shape == (*folder.DEFAULT_SIZE, 3)
    assert sizes[1:] == [folder.DEFAULT_SIZE], "nothing is decoded for nothing"

    Image.new("RGB", (16, 16)).save(photo_folder / "blue" / "10.png")
    Image.new("RGB", (20, 10)).save(photo_folder / "red" / "9.png")  # far behind the first ones
    assert data.load(photo_folder).image_shape == (*folder.DEFAULT_SIZE, 3)
    assert sizes[2:] == [(16, 16), folder.DEFAULT_SIZE]


def test_the_garbage_collector_is_left_as_it_was(photo_folder, tmp_path):
    data.load(photo_folder)
    assert gc.isenabled()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnusableDataError):
        data.load(tmp_path / "empty")
    assert gc.isenabled()
    (photo_folder / "red" / "9.png").unlink()  # so that it is decoded again
    gc.disable()
    try:
        data.load(photo_folder)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_split_folders_are_respected(photo_folder, tmp_path):
    root = tmp_path / "arranged"
    for split in ("train", "val", "test"):
        for class_name in ("red", "blue"):
            (root / split / class_name).mkdir(parents=True)
    for number, path in enumerate(sorted(photo_folder.rglob("*.png"))):
        split = ("train", "val", "test", "train")[number % 4]
        shutil.copy(path, root / split / path.parent.name / f"{number}.png")
    dataset = data.load(root)
    assert [len(getattr(dataset, split)) for split in SPLITS] == [12, 6, 6]
    assert dataset.class_names == ("blue", "red")


def test_a_training_copy_of_a_test_image_is_left_out_and_reported(photo_folder, tmp_path):
    root = tmp_path / "leaky"
    shutil.copytree(photo_folder, root / "train")
    for class_name in ("red", "blue"):
        (root / "test" / class_name).mkdir(parents=True)
        shutil.copy(photo_folder / class_name / "0.png", root / "test" / class_name / "another_name.png")
    dataset = data.load(root)
    assert len(dataset.test) == 2
    assert len(dataset.train) + len(dataset.validation) == 22
    assert dataset.remarks == ("2 training images also in test: left out of train",)
    keys = all_keys(dataset)
    assert not keys["test"] & (keys["train"] | keys["validation"])


def test_copies_among_validation_and_test_count_for_test(photo_folder, tmp_path):
    root = tmp_path / "leaky"
    for split, numbers in (("train", range(6)), ("validation", range(6, 10)), ("test", range(9, 12))):
        for class_name in ("red", "blue"):
            (root / split / class_name).mkdir(parents=True)
            for number in numbers:
                shutil.copy(photo_folder / class_name / f"{number}.png", root / split / class_name)
    dataset = data.load(root)
    assert [len(getattr(dataset, split)) for split in SPLITS] == [12, 6, 6]
    assert dataset.remarks == ("2 validation images also in test: left out of validation",)
    keys = all_keys(dataset)
    assert len(set.union(*keys.values())) == 24


def test_three_times_the_same_folder_is_no_dataset(photo_folder, tmp_path):
    for split in ("train", "test"):
        shutil.copytree(photo_folder, tmp_path / "same" / split)
    with pytest.raises(ValueError, match="every training image also stands in validation or test"):
        data.load(tmp_path / "same")
    for class_name in ("red", "blue"):
        (tmp_path / "same" / "train" / class_name / "0.png").write_bytes(b"")
        shutil.copytree(photo_folder / class_name, tmp_path / "same" / "validation" / class_name)
    with pytest.raises(ValueError, match="validation and test hold the same images"):
        data.load(tmp_path / "same")


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_of_a_path_that_stands_in_an_archive_twice_the_last_one_counts(photo_folder, tmp_path, kind):
    """As tar -r appends a newer copy of a file, and as both are unpacked."""
    path = tmp_path / f"twice.{kind}"
    replaced = photo_folder / "red" / "0.png"
    if kind == "tar":
        with tarfile.open(path, "w") as archive:
            archive.add(photo_folder, ".")
            Image.new("RGB", (16, 16), (250, 240, 0)).save(replaced)
            archive.add(replaced, "./red/0.png")
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for file in photo_folder.rglob("*.png"):
                archive.write(file, file.relative_to(photo_folder))
            Image.new("RGB", (16, 16), (250, 240, 0)).save(replaced)
            archive.write(replaced, "red/0.png")
    assert same(data.load(path), data.load(photo_folder))


def test_equal_images_never_stand_in_two_splits(photo_folder):
    for path in sorted(photo_folder.rglob("*.png")):
        shutil.copy(path, path.with_name("copy of " + path.name))
    for seed in range(5):
        keys = all_keys(data.load(photo_folder, seed=seed))
        assert sum(map(len, keys.values())) == 24
        assert len(set.union(*keys.values())) == 24


def test_images_of_several_sizes_are_resized_to_one(photo_folder):
    Image.new("RGB", (40, 20)).save(photo_folder / "red" / "wide.png")
    assert data.load(photo_folder).image_shape == (96, 96, 3)
    assert data.load(photo_folder, image_size=24).image_shape == (24, 24, 3)
    assert data.load(photo_folder, image_size=(10, 20)).image_shape == (10, 20, 3)


def test_empty_classes_and_broken_files_are_reported(photo_folder):
    (photo_folder / "green").mkdir()
    (photo_folder / "red" / "0.png").write_bytes(b"no image")
    whole = (photo_folder / "red" / "1.png").read_bytes()
    (photo_folder / "red" / "1.png").write_bytes(whole[: len(whole) // 2])
    dataset = data.load(photo_folder)
    assert dataset.class_names == ("blue", "red")
    assert sum(len(getattr(dataset, split)) for split in SPLITS) == 22
    assert dataset.remarks == (
        "classes without images, left out: green",
        "2 of 24 image files could not be decoded and are left out: red/0.png, red/1.png",
    )


def test_hidden_files_are_no_images(photo_folder):
    for name in (".ipynb_checkpoints/0.png", "__MACOSX/red/0.png", "red/._0.png"):
        (photo_folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo_folder / "blue" / "0.png", photo_folder / name)
    assert sum(len(getattr(data.load(photo_folder), split)) for split in SPLITS) == 24


def test_a_changed_folder_is_decoded_again(photo_folder):
    before = data.load(photo_folder)
    Image.new("RGB", (16, 16), (0, 200, 0)).save(photo_folder / "red" / "new.png")
    after = data.load(photo_folder)
    assert sum(len(getattr(after, split)) - len(getattr(before, split)) for split in SPLITS) == 1


def test_the_second_load_decodes_nothing(photo_folder, monkeypatch):
    first = data.load(photo_folder)
    monkeypatch.setattr(folder, "decode_batch", lambda *_: pytest.fail("decoded again"))
    second = data.load(photo_folder)
    assert isinstance(second.train.images, np.memmap)
    assert not second.train.images.flags.writeable
    assert np.array_equal(first.train.images, second.train.images)


def test_a_build_that_fails_leaves_nothing_behind(photo_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "own"))
    for path in photo_folder.rglob("*.png"):
        path.write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"none of the train images .* could be decoded"):
        data.load(photo_folder)
    assert [path for path in (tmp_path / "own" / "decoded").iterdir() if path.suffix != ".lock"] == []


@pytest.mark.parametrize(
    ("arrange", "message"),
    [
        (lambda root: None, "holds no images"),
        (lambda root: (root / "notes.txt").write_text("x"), "holds no images"),
        (lambda root: Image.new("RGB", (9, 9)).save(root / "loose.png"), "lie loose"),
        (
            lambda root: ((root / "cat").mkdir(), Image.new("RGB", (9, 9)).save(root / "cat" / "a.png")),
            "holds one class, 'cat',",
        ),
        (
            lambda root: [
                ((root / "test" / c).mkdir(parents=True), Image.new("RGB", (9, 9)).save(root / "test" / c / "a.png"))
                for c in "ab"
            ],
            "has test but no train folder",
        ),
        (
            lambda root: [
                ((root / c).mkdir(), Image.new("RGB", (9, 9), colour).save(root / c / "a.png"))
                for c, colour in (("a", "red"), ("b", "blue"))
            ],
            "too few images to cut a test split",
        ),
    ],
)
def test_unusable_folders_say_why(tmp_path, arrange, message):
    root = tmp_path / "root"
    root.mkdir()
    arrange(root)
    with pytest.raises(ValueError, match=message):
        data.load(root)


def test_a_file_that_is_no_archive(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK no zip")
    with pytest.raises(ValueError, match=r"neither a folder nor a \.zip or \.tar archive"):
        data.load(tmp_path / "x.zip")


def test_a_cache_that_cannot_be_written_is_named(photo_folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "file"))
    with pytest.raises(ValueError, match=r"cannot be written .* PRACTICUM_CACHE"):
        data.load(photo_folder)


def test_cats_vs_dogs_photos(shared_data):
    shared_data("cats-vs-dogs.tar")
    dataset = data.load("cats_vs_dogs")
    assert dataset.class_names == ("cat", "dog")
    assert [len(getattr(dataset, split)) for split in SPLITS] == [750, 100, 150]
    assert dataset.image_shape == (96, 96, 3)


# Many images, and images that are read once -----------------------------------------------------------------------


def test_processes_decode_the_same_pixels_as_threads(photo_folder, tmp_path, monkeypatch):
    (photo_folder / "red" / "3.png").write_bytes(b"broken")
    Image.new("RGB", (40, 20), (250, 3, 3)).save(photo_folder / "red" / "wide.png")
    threads = data.load(photo_folder)
    monkeypatch.setattr(workers, "PROCESSES_FROM", 1)
    monkeypatch.setattr(folder, "BATCH_FILES", 5)
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "other"))
    processes = data.load(photo_folder)
    assert same(threads, processes)
    assert threads.remarks == processes.remarks
    assert "red/3.png" in threads.remarks[0]


def test_a_decoding_process_that_is_killed_is_named_and_the_next_call_works(photo_folder, monkeypatch):
    monkeypatch.setattr(workers, "PROCESSES_FROM", 1)
    with monkeypatch.context() as fault:
        fault.setattr(folder, "decode_batch", lambda items, **rest: os.kill(os.getpid(), signal.SIGKILL))
        with pytest.raises(ValueError, match="ended from outside, most likely for want of memory"):
            data.load(photo_folder)
    assert len(data.load(photo_folder).train) == 18


def test_a_script_without_a_main_guard_may_load_many_images(photo_folder, tmp_path):
    """Processes that ran the learner's script again would start processes that ran it again."""
    script = tmp_path / "mine.py"
    script.write_text(
        "print('begins')\nfrom practicum import data, folder\nfolder.PROCESSES_FROM = 1\n"
        f"print(data.load({str(photo_folder)!r}))\n"
    )
    environment = {**os.environ, "PRACTICUM_CACHE": str(tmp_path / "own")}
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=environment, cwd=PROJECT, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("begins") == 1
    assert "train 18, validation 2, test 4" in done.stdout


def test_images_of_one_size_are_read_once(photo_folder, monkeypatch):
    decoded = []
    original = folder.decode_batch
    monkeypatch.setattr(folder, "decode_batch", lambda items, **rest: decoded.extend(items) or original(items, **rest))
    assert data.load(photo_folder).image_shape == (16, 16, 3)
    assert len(decoded) == 24


def test_the_last_image_may_be_the_one_of_another_size(photo_folder):
    Image.new("RGB", (16, 17), (250, 0, 0)).save(photo_folder / "red" / "zz.png")
    dataset = data.load(photo_folder)
    assert dataset.image_shape == (96, 96, 3)
    assert sum(len(getattr(dataset, split)) for split in SPLITS) == 25


def test_photos_that_were_taken_upright_count_with_their_upright_size(photo_folder):
    """The camera stores width 16, height 10 for all; one of them is to be turned by a quarter."""
    for path in photo_folder.rglob("*.png"):
        with Image.open(path) as picture:
            picture.resize((16, 10)).save(path)
    assert data.load(photo_folder).image_shape == (10, 16, 3)
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(photo_folder / "red" / "5.png") as picture:
        picture.save(photo_folder / "red" / "5.png", exif=exif)
    assert data.load(photo_folder).image_shape == (96, 96, 3)


def test_what_a_killed_process_left_is_removed_but_not_what_another_is_building(photo_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "own"))
    for name, age in ((".building-old", 2 * 3600), (".building-busy", 0), (".building-young", 600)):
        folder_left = tmp_path / "own" / "decoded" / name
        folder_left.mkdir(parents=True)
        (folder_left / "train_images.npy").write_bytes(b"x" * 100)
        for path in (folder_left / "train_images.npy", folder_left):
            os.utime(path, (time.time() - age,) * 2)
    os.utime(tmp_path / "own" / "decoded" / ".building-busy", (0, 0))  # only the file in it is being written to
    data.load(photo_folder)
    left = {path.name for path in (tmp_path / "own" / "decoded").glob(".building-*")}
    assert left == {".building-busy", ".building-young"}


def test_a_full_disk_is_named_and_nothing_is_left(photo_folder, tmp_path, monkeypatch):
    def full(self, *_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "own"))
    monkeypatch.setattr(PixelFile, "write", full)
    monkeypatch.setattr(PixelFile, "write_from", full)
    with pytest.raises(ValueError, match=r"no room is left in the cache folder .* PRACTICUM_CACHE"):
        data.load(photo_folder)
    assert [path for path in (tmp_path / "own" / "decoded").iterdir() if path.suffix != ".lock"] == []


def test_shapes_are_drawn_in_the_size_and_from_the_seed_that_one_asks_for():
    small = data.load("shapes", image_size=16, seed=3)
    assert small.image_shape == (16, 16, 3)
    assert not np.array_equal(small.test.images, data.load("shapes", image_size=16).test.images)
    with pytest.raises(ValueError, match=r"shapes are square\. Received image_size=\(16, 32\)"):
        data.load("shapes", image_size=(16, 32))
