"""The quick list of a .tar says what Python's own says, or leaves it to that."""

import io
import tarfile

import pytest

from practicum.tar_list import member_of, quick_list


def tar_of(path, members, form=tarfile.USTAR_FORMAT):
    with tarfile.open(path, "w", format=form) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if content is None:
                member.type = tarfile.DIRTYPE
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content or b""))
    return path


def slowly(path):
    with tarfile.open(path) as archive:
        return [member_of(member) for member in archive]


USUAL = [("cat", None), ("cat/1.png", b"x" * 511), ("cat/2.png", b"y" * 512), ("./dog/3.png", b""), ("cat/é.png", b"z")]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_usual_archives(tmp_path, form):
    path = tar_of(
        tmp_path / "a.tar", [entry for entry in USUAL if entry[0].isascii() or form != tarfile.PAX_FORMAT], form
    )
    assert [(name.rstrip("/"), *rest) for name, *rest in quick_list(path)] == [tuple(each) for each in slowly(path)]


def test_a_name_in_two_parts(tmp_path):
    name = "/".join(["folder" * 8] * 3) + "/1.png"
    path = tar_of(tmp_path / "a.tar", [(name, b"x")])
    assert [member.name for member in quick_list(path)] == [name]


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_is_unusual_is_left_to_python(tmp_path, form):
    assert quick_list(tar_of(tmp_path / "long.tar", [("x" * 300, b"")], form)) is None
    with tarfile.open(tmp_path / "packed.tar", "w:gz") as archive:
        archive.add(tmp_path / "long.tar")
    assert quick_list(tmp_path / "packed.tar") is None
    (tmp_path / "small").write_bytes(b"x")
    assert quick_list(tmp_path / "small") is None


@pytest.mark.parametrize(("place", "value"), [(0, b"X"), (124, b"77777"), (148, b"0000000"), (124, b"-0000001000\0"),
                                              (124, b"nonsense"), (148, b"7")])  # fmt: skip
def test_a_header_that_was_changed_is_left_to_python(tmp_path, place, value):
    path = tar_of(tmp_path / "a.tar", USUAL)
    content = bytearray(path.read_bytes())
    content[512 + place : 512 + place + len(value)] = value
    path.write_bytes(content)
    try:
        assert quick_list(path) is None
    except tarfile.ReadError:
        assert value == b"77777"  # then it seems to end too early


def edited(path, place, value, member=1):
    """Write value into the header of a member, and a sum that fits."""
    content = bytearray(path.read_bytes())
    start = slowly(path)[member].offset - 512
    head = content[start : start + 512]
    head[place : place + len(value)] = value
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    content[start : start + 512] = head
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "value",
    [b"00000000x77", b"0000000777x", b"0000000 777", b"0000000\x00777", b"-0000000777", b"\x80\0\0\0\0\0\0\0\0\0\x01"],
)
def test_a_size_in_no_plain_octal_digits_is_left_to_python(tmp_path, value):
    assert quick_list(edited(tar_of(tmp_path / "a.tar", USUAL), 124, value)) is None


def test_a_size_before_blanks(tmp_path):
    path = edited(tar_of(tmp_path / "a.tar", USUAL), 124, b"777         ")
    assert quick_list(path)[1] == slowly(path)[1]
    assert quick_list(path)[1].size == 0o777


def test_a_folder_has_no_content_whatever_its_size_says(tmp_path):
    path = edited(tar_of(tmp_path / "a.tar", USUAL), 124, b"00000001000", member=0)
    assert [each.offset for each in quick_list(path)] == [each.offset for each in slowly(path)]


def test_a_folder_as_very_old_programs_wrote_it(tmp_path):
    path = edited(tar_of(tmp_path / "a.tar", [("x", b""), ("cat/", b""), ("cat/1.png", b"x")]), 156, b"\0")
    assert [each.kind for each in quick_list(path)] == [each.kind for each in slowly(path)]
    assert quick_list(path)[1].kind == tarfile.DIRTYPE


def test_a_name_in_another_writing_is_left_to_python(tmp_path):
    assert quick_list(edited(tar_of(tmp_path / "a.tar", USUAL), 0, "caté".encode("latin-1"))) is None


@pytest.mark.parametrize("block", [b"x" * 512, b"\0" * 512])
@pytest.mark.parametrize("member", [0, 2])
def test_a_block_between_members_is_left_to_python(tmp_path, member, block):
    path = tar_of(tmp_path / "a.tar", USUAL)
    start = slowly(path)[member].offset - 512
    content = path.read_bytes()
    path.write_bytes(content[:start] + block + content[start:])
    assert quick_list(path) is None


def test_something_else_in_place_of_the_end_is_left_to_python(tmp_path):
    path = tar_of(tmp_path / "a.tar", USUAL)
    end = slowly(path)[-1].offset + 512
    path.write_bytes(path.read_bytes()[:end] + b"x" * 1024)
    assert quick_list(path) is None


def test_a_tar_within_a_tar_is_left_to_python(tmp_path):
    inner = tar_of(tmp_path / "inner.tar", USUAL).read_bytes()
    assert quick_list(tar_of(tmp_path / "a.tar", [("inner.tar", inner)])) is None


def test_an_archive_that_is_cut_short_anywhere(tmp_path):
    path = tar_of(tmp_path / "a.tar", USUAL)
    content = path.read_bytes()
    end = slowly(path)[-1].offset + 512
    for length in (*range(512, end + 1, 100), end):
        path.write_bytes(content[:length])
        with pytest.raises(tarfile.ReadError, match="its end is missing"):
            quick_list(path)
    path.write_bytes(content[: end + 512])  # some programs write less of an end
    assert len(quick_list(path)) == len(USUAL)
