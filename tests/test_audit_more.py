"""More of what becomes of every file: names that stand in an archive twice, long lists, beginnings of files."""

import io
import os
import stat
import struct
import tarfile
import zipfile

import pytest
from odd_files import encoded, large_jpeg, make_folder, picture, png_chunk, png_chunks

from practicum import decoding
from practicum.audit import audit
from practicum.kinds import fault_of, gif_frames, kind_of, plain_jpeg, size_of, why_no_image

PNG, JPEG, GIF = (encoded(picture(999), kind) for kind in ("PNG", "JPEG", "GIF"))


def outcomes(found):
    return {file.path: {note.reason for note in file.notes} for file in found.files if file.notes}


@pytest.fixture
def root(tmp_path):
    return make_folder(tmp_path / "photos")


# Archives ---------------------------------------------------------------------------------------------------------


def link_and_file(path, kind, order):
    """An archive of two classes in which two names are those of a link and of a file, in this order."""
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(12):
                archive.writestr(f"{('cat', 'dog')[number % 2]}/{number}.png", encoded(picture(number)))
            for name in ("cat/x.png", "cat/y"):
                for each in order:
                    entry = zipfile.ZipInfo(name)
                    entry.create_system = 3
                    entry.external_attr = (stat.S_IFLNK | 0o777 if each == "link" else stat.S_IFREG | 0o644) << 16
                    archive.writestr(entry, b"/etc/passwd" if each == "link" else PNG)
    else:
        with tarfile.open(path, "w") as archive:
            for number in range(12):
                content = encoded(picture(number))
                member = tarfile.TarInfo(f"{('cat', 'dog')[number % 2]}/{number}.png")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            for name in ("cat/x.png", "cat/y"):
                for each in order:
                    member = tarfile.TarInfo(name)
                    member.type, member.linkname = (tarfile.SYMTYPE, "/etc/passwd") if each == "link" else (b"0", "")
                    member.size = 0 if each == "link" else len(PNG)
                    archive.addfile(member, io.BytesIO(PNG))
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_of_a_name_that_stands_twice_in_an_archive_the_last_one_counts(tmp_path, kind):
    """As when it is unpacked. Nothing is left of what was known of the first."""
    file_last = audit(link_and_file(tmp_path / f"a.{kind}", kind, ("link", "file")))
    assert outcomes(file_last) == {"cat/y": {"no_ending"}}
    assert (len(file_last.files), file_last.counts["left out"]) == (14, 0)
    link_last = audit(link_and_file(tmp_path / f"b.{kind}", kind, ("file", "link")))
    assert outcomes(link_last) == {"cat/x.png": {"link_in_archive"}, "cat/y": {"link_in_archive"}}
    assert (len(link_last.files), link_last.counts["used"]) == (14, 12)


def test_names_with_backslashes_in_a_zip_of_today_are_names(root, tmp_path):
    """Only where no name has a slash do backslashes part folders."""
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for file in sorted(root.rglob("*.png")):
            archive.write(file, file.relative_to(root))
        archive.writestr("cat/a\\b.png", PNG)
    found = audit(tmp_path / "p.zip")
    assert outcomes(found) == {}
    assert "cat/a\\b.png" in {file.path for file in found.files}


def test_a_zip_that_names_its_own_folder(root, tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("./", b"")
        archive.writestr("/", b"")
        for file in sorted(root.rglob("*.png")):
            archive.write(file, "./cats//" + str(file.relative_to(root)).replace("/", "/./"))
        archive.writestr("cats/./cat/./y.png", PNG)
    found = audit(tmp_path / "p.zip")
    assert found.class_names == ("cat", "dog")
    assert found.counts == {"used": 13, "used with a remark": 0, "left out": 0}
    assert [file.path for file in found.files[:7:6]] == ["cats/cat/0.png", "cats/cat/y.png"]


def test_a_twin_of_a_file_is_found_however_its_target_is_written(root, tmp_path):
    with tarfile.open(tmp_path / "p.tar", "w") as archive:
        archive.add(root, "./photos")
        member = tarfile.TarInfo("./photos/cat/twin.png")
        member.type, member.linkname = tarfile.LNKTYPE, "./photos/cat/0.png"
        archive.addfile(member)
    found = audit(tmp_path / "p.tar")
    assert outcomes(found) == {}
    assert [group.paths for group in found.copies] == [("photos/cat/0.png", "photos/cat/twin.png")]


def test_a_zip_whose_names_are_not_ascii_is_not_encrypted(root, tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for file in sorted(root.rglob("*.png")):
            archive.write(file, f"käse {file.relative_to(root)}")
    found = audit(tmp_path / "p.zip")
    assert found.class_names == ("käse cat", "käse dog")
    assert outcomes(found) == {}


def test_a_zip_member_without_an_ending_that_is_packed_oddly(root, tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for file in sorted(root.rglob("*.png")):
            archive.write(file, file.relative_to(root))
        archive.writestr("cat/odd", PNG)
    content = bytearray((tmp_path / "p.zip").read_bytes())
    content[content.rindex(b"cat/odd") - 46 + 10] = 77  # a way of packing that nobody knows
    (tmp_path / "p.zip").write_bytes(content)
    found = audit(tmp_path / "p.zip")
    assert set(outcomes(found)) == {"cat/odd"}
    assert (found.counts["used"], found.counts["left out"]) == (12, 1)


def test_tar_members_of_old_kinds_and_a_short_one_without_an_ending(root, tmp_path):
    with tarfile.open(tmp_path / "p.tar", "w") as archive:
        archive.add(root, "photos")
        for name, kind, content in (
            ("photos/cat/old.png", tarfile.AREGTYPE, PNG),
            ("photos/cat/contiguous.png", tarfile.CONTTYPE, encoded(picture(998))),
            ("photos/cat/notes", tarfile.REGTYPE, b"hi"),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, len(content)
            archive.addfile(member, io.BytesIO(content))
    found = audit(tmp_path / "p.tar")
    assert outcomes(found) == {"photos/cat/notes": {"text"}}
    assert found.counts["used"] == 14


# Folders ----------------------------------------------------------------------------------------------------------


def test_a_folder_that_is_reached_by_a_link(root, tmp_path):
    """Links within it lead into it all the same."""
    (root / "cat" / "x.png").symlink_to("0.png")
    (tmp_path / "way").symlink_to(root, target_is_directory=True)
    found = audit(tmp_path / "way")
    assert outcomes(found) == {}
    assert [group.paths for group in found.copies] == [("cat/0.png", "cat/x.png")]


def test_a_link_to_a_pipe_is_not_opened(root):
    os.mkfifo(root / "cat" / "pipe")
    for name in ("x.png", "no ending"):
        (root / "cat" / name).symlink_to("pipe")
    other_end = os.open(root / "cat" / "pipe", os.O_RDWR)  # or who opens it would wait for ever
    try:
        os.write(other_end, PNG)
        assert outcomes(audit(root)) == {f"cat/{name}": {"special"} for name in ("pipe", "x.png", "no ending")}
    finally:
        os.close(other_end)


def test_a_folder_may_begin_at_home(root, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(root.parent))
    assert audit("~/photos").counts["used"] == 12


def test_a_hidden_folder_is_no_class_without_images(root):
    for name in (".cache", "__MACOSX", "bird"):
        (root / name).mkdir()
    assert audit(root).empty_classes == ("bird",)


def test_an_empty_folder_in_another_spelling_is_no_class_of_its_own(tmp_path):
    for split, start in (("train", 0), ("test", 5000)):
        make_folder(tmp_path / "photos" / split, start=start)
    (tmp_path / "photos" / "test" / "CAT").mkdir()
    found = audit(tmp_path / "photos")
    assert (found.class_names, found.empty_classes) == (("cat", "dog"), ())


def test_broken_files_before_the_others_change_neither_size_nor_copies(root):
    """What becomes of the others is told by their own numbers."""
    for number in range(3):
        (root / "cat" / f".{number}.png".replace(".", "!", 1)).write_bytes(PNG[:-20])
    picture(1).resize((60, 60)).resize((24, 24)).save(root / "dog" / "9 again.png")
    found = audit(root)
    assert found.image_size == (24, 24)
    assert [group.paths for group in found.copies] == [("cat/1.png", "dog/9 again.png")]
    assert found.counts["left out"] == 3


def test_a_file_with_two_notes_is_left_out_if_one_of_them_says_so(root):
    (root / "cat" / "x").write_bytes(JPEG[:-2])
    assert outcomes(audit(root)) == {"cat/x": {"no_ending", "cut_short"}}
    assert audit(root).counts == {"used": 12, "used with a remark": 0, "left out": 1}


def notes(found):
    return {file.path: [note.detail for note in file.notes] for file in found.files if file.notes}


def test_which_picture_stays_of_copies_in_two_splits(tmp_path):
    for split, start in (("train", 0), ("validation", 5000)):
        make_folder(tmp_path / "photos" / split, start=start)
    for name in ("validation/cat/x.png", "train/cat/y.png"):
        picture(0).save(tmp_path / "photos" / name)
    found = audit(tmp_path / "photos")
    assert notes(found) == {
        "train/cat/0.png": ["of validation/cat/x.png"],
        "train/cat/y.png": ["of validation/cat/x.png"],
    }


def test_a_picture_in_three_classes_is_named_with_one_of_another_class(tmp_path):
    root = make_folder(tmp_path / "photos", ("cat", "dog", "emu"))
    for name in ("cat/x.png", "dog/x.png", "emu/x.png"):
        picture(0).save(root / name)
    found = audit(root)
    assert notes(found) == {
        "cat/0.png": ["also dog/x.png"],
        "cat/x.png": ["also dog/x.png"],
        "dog/x.png": ["also cat/0.png"],
        "emu/x.png": ["also cat/0.png"],
    }


def test_of_three_copies_all_have_to_be_the_same_pixels_to_be_exact(root):
    picture(0).save(root / "cat" / "same.png")
    picture(0).resize((60, 60)).resize((24, 24)).save(root / "cat" / "nearly.png")
    assert [(len(group.paths), group.exact) for group in audit(root).copies] == [(3, False)]


def test_what_is_said_before_training_is_said_once_and_counted_right(tmp_path):
    root = make_folder(tmp_path / "photos", ("Straße", "STRASSE"), 2)
    make_folder(root, ("many",), 10, start=30_000)
    for number in range(5):
        (root / "many" / f"bad {number}.jpg").write_bytes(JPEG[:-2])
    remarks = "; ".join(audit(root).remarks)
    assert "5 of 19 image files could not be decoded and are left out: " in remarks
    assert "bad 4.jpg; " in remarks, "five names are all, without three dots"
    assert "cut short" not in remarks, "they are not counted a second time"
    assert "uneven classes: 10 images of many, 2 of " in remarks
    assert "is right in 71% of cases" in remarks
    assert "'STRASSE', 'Straße'" in remarks


# What one sees ----------------------------------------------------------------------------------------------------


def test_the_table_has_the_splits_in_their_order(tmp_path):
    for split in ("test", "train", "validation"):
        make_folder(tmp_path / "photos" / split, start={"test": 0, "train": 100, "validation": 200}[split])
    headings = next(line for line in str(audit(tmp_path / "photos")).splitlines() if line.startswith("  class"))
    assert headings.split() == ["class", "train", "validation", "test", "all"]


def test_of_many_classes_and_copies_the_screen_shows_the_first(tmp_path):
    root = make_folder(tmp_path / "photos", [f"class {number:02}" for number in range(60)], 2)
    for number in range(25):
        picture(1000 * number).save(root / f"class {number:02}" / "again.png")
    text = str(audit(root))
    assert "… and 10 more classes; --json names all" in text
    assert ("class 49  " in text, "class 50  " in text) == (True, False)
    assert "… and 5 more pictures; --json names all" in text
    assert text.count("  = class ") == 20


def test_copies_are_marked_as_the_same_or_nearly_the_same(root):
    picture(0).save(root / "cat" / "same.png")
    picture(1001).resize((60, 60)).save(root / "dog" / "nearly.jpg", quality=90)
    lines = str(audit(root, image_size=24)).splitlines()
    assert "  = cat/0.png, cat/same.png" in lines
    assert "  ≈ dog/1.png, dog/nearly.jpg" in lines


def test_twenty_files_are_no_long_list_and_one_file_is_one_file(tmp_path):
    root = make_folder(tmp_path / "photos")
    for number in range(20):
        (root / "cat" / f"bad{number:02}.jpg").write_bytes(b"text")
    assert "more; --json" not in str(audit(root))
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "x.png").write_bytes(PNG)
    assert str(audit(tmp_path / "one")).splitlines()[0].endswith("one: 1 file")


def test_a_long_name_does_not_push_what_is_said_of_the_others_out_of_sight(root):
    for name in ("x.jpg", f"{'long' * 25}.jpg"):
        (root / "cat" / name).write_bytes(PNG)
    lines = str(audit(root)).splitlines()
    assert f"      {'cat/x.jpg':<50}  is a PNG" in lines
    below = lines.index(f"      cat/{'long' * 25}.jpg") + 1  # too wide for one line: what is said of it stands below
    assert lines[below] == "          is a PNG"


def test_a_page_is_saved_into_a_new_folder_and_does_not_tell_where_the_images_lie(root, tmp_path):
    path = audit(root).save(tmp_path / "new" / "deep" / "page.html")
    page = path.read_text(encoding="utf-8")
    assert page.lstrip().startswith("<!doctype")
    assert "photos" in page
    assert str(tmp_path) not in page
    assert str(tmp_path) not in repr(audit(root))


def test_what_cannot_be_trained_on_is_no_load_that_failed(tmp_path):
    make_folder(tmp_path / "photos", ("cat",))
    found = audit(tmp_path / "photos")
    assert found.problem.startswith(str(tmp_path / "photos"))
    assert found.to_dict()["usable"] is False
    assert found.to_dict()["problem"] == found.problem


# Kinds ------------------------------------------------------------------------------------------------------------

OTHERS = {
    "a sound": (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0" + bytes(30), ("no_image", "")),
    "a film in a RIFF": (b"RIFF\x24\0\0\0AVI LIST" + bytes(30), ("video", "AVI")),
    "moving AVIF": (b"\0\0\0\x20ftypavis\0\0\0\0msf1" + bytes(40), ("other_format", "AVIF")),
    "Canon's camera raw": (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom" + bytes(40), ("other_format", "camera raw")),
    "a web page with a mark of its writing": (b"\xef\xbb\xbf<html><p>hi", ("web_page", "")),
    "a web page in capitals": (b"  <HTML><P>hi", ("web_page", "")),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_image_is_told_by_its_beginning(name):
    head, expected = OTHERS[name]
    assert kind_of(head) is None
    assert why_no_image(head, ".jpg") == expected


def test_camera_raw_is_told_by_ending_too():
    assert why_no_image(b"II*\0" + bytes(100), ".nef") == ("other_format", "camera raw")
    assert why_no_image(b"II*\0" + bytes(100), ".tif") == ("other_format", "TIFF")


@pytest.mark.parametrize("size", [(300, 7), (7, 300)])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("BMP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 50}),
        ("WEBP", {"quality": 50, "exif": b"II*\0\x08\0\0\0\0\0\0\0\0\0"}),
    ],
    ids=["PNG", "GIF", "BMP", "WebP without loss", "WebP", "WebP with notes"],
)
def test_the_size_in_a_header_is_that_of_the_picture(kind, options, size):
    assert size_of(kind, encoded(picture(0).resize(size), kind, **options)) == size


def test_the_size_of_a_webp_leaves_out_how_it_may_be_enlarged():
    content = bytearray(encoded(picture(0).resize((300, 7)), "WEBP", quality=50))
    assert content[12:16] == b"VP8 "
    content[27] |= 0x40  # the two upper bits of each side say by how much a viewer may enlarge it
    assert size_of("WEBP", bytes(content)) == (300, 7)
    assert decoding.decode_image(bytes(content)).shape == (7, 300, 3)


def with_filling(content):
    """A JPEG with two more 0xFF before its second marker, which the standard allows."""
    length = 2 + int.from_bytes(content[4:6], "big")
    return content[: 2 + length] + b"\xff\xff" + content[2 + length :]


def test_filling_between_the_parts_of_a_jpeg():
    filled = with_filling(JPEG)
    assert decoding.decode_image(filled).tolist() == decoding.decode_image(JPEG).tolist()
    assert fault_of("JPEG", filled + bytes(10)) is None
    with pytest.raises(decoding.Refused) as refusal:
        decoding.decode_image(filled[:-40])
    assert refusal.value.note.reason == "cut_short"


def test_a_jpeg_with_rubbish_in_its_header_is_judged_by_its_end():
    length = 2 + int.from_bytes(JPEG[4:6], "big")
    odd = JPEG[: 2 + length] + b"\0\0\0\0" + JPEG[2 + length :]
    assert decoding.decode_image(odd).shape == (24, 24, 3)
    assert fault_of("JPEG", odd) is None
    assert fault_of("JPEG", odd + b"\0") == "cut_short"


@pytest.mark.parametrize(("bits", "width"), [(12, 24), (8, 0)], ids=["12 bits", "no width"])
def test_only_a_usual_jpeg_takes_the_short_way(bits, width):
    place = JPEG.index(b"\xff\xc0")
    odd = JPEG[: place + 4] + struct.pack(">BHH", bits, 24, width) + JPEG[place + 9 :]
    assert plain_jpeg(JPEG) == (24, 24, 3)
    assert plain_jpeg(odd) is None


def test_a_jpeg_of_arithmetic_coding_does_not_take_the_short_way():
    place = JPEG.index(b"\xff\xc0")
    assert plain_jpeg(JPEG[:place] + b"\xff\xc9" + JPEG[place + 2 :]) is None


def test_a_wrong_checksum_where_no_pixels_are_is_no_fault():
    """As programs leave it that change a date or a comment."""
    place, length, _ = next(chunk for chunk in png_chunks(PNG) if chunk[2] == b"IDAT")
    comment = png_chunk(b"tEXt", b"Comment\0hi")
    odd = PNG[:place] + comment[:-4] + b"\0\0\0\0" + PNG[place:]
    assert fault_of("PNG", odd) is None
    assert fault_of("PNG", PNG[: place + length - 2]) == "cut_short", "and what ends within a checksum is cut short"


def test_a_gif_with_other_bytes_between_its_pictures_ends_there():
    film = encoded(picture(1), "GIF", save_all=True, append_images=[picture(2), picture(3)])
    assert gif_frames(film) == 3
    assert gif_frames(film[:-1] + b"\0\0") == 3


def test_a_bmp_that_ends_in_its_header_is_cut_short():
    content = encoded(picture(0), "BMP")
    for end in (18, 25, 30, 37, 40, 53):
        with pytest.raises(decoding.Refused) as refusal:
            decoding.decode_image(content[:end])
        assert refusal.value.note.reason == "cut_short", end


@pytest.mark.parametrize("size", [None, (24, 24)])
def test_a_jpeg_that_says_it_is_large_is_not_decoded_in_any_size(size):
    with pytest.raises(decoding.Refused) as refusal:
        decoding.decode_image(large_jpeg(10_000, 6_000), size)
    assert refusal.value.note.reason == "too_many_pixels"


def test_a_decoder_of_many_words_is_cut_short_itself(monkeypatch):
    def speak(*_):
        raise ValueError("word\n" * 100)

    monkeypatch.setattr(decoding, "_decode", speak)
    with pytest.raises(decoding.Refused) as refusal:
        decoding.decode_image(PNG)
    assert refusal.value.note.reason == "damaged"
    assert refusal.value.note.detail == ("word " * 20)[:100]
