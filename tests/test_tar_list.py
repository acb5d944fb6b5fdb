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
