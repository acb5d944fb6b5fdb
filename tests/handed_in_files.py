"""Progress files for tests: good ones, and every kind of bad one that we could think of."""

import json
import os
import struct
import zipfile

EXERCISE = "01.exercise_3"
NUMBER = "0123456789ab"


def tally(**changes):
    return {"tries": 1, "right": True, "hints": 0, "solution": False, "mistakes": {}} | changes


def content(name="eve", number=NUMBER, exercises=None, **changes):
    """The text of a progress file."""
    exercises = {EXERCISE: tally()} if exercises is None else exercises
    return json.dumps({"format": 2, "name": name, "number": number, "exercises": exercises} | changes)


def one(**changes):
    return content(exercises={EXERCISE: tally(**changes)})


def text(what):
    """A maker: puts a file with this text, or these bytes, into a folder."""

    def make(folder):
        (folder / "bad.json").write_bytes(what if isinstance(what, bytes) else what.encode())

    return make


def link_to_itself(folder):
    (folder / "bad.json").symlink_to("bad.json")


def link_to_nothing(folder):
    (folder / "bad.json").symlink_to("nowhere.json")


def a_folder(folder):
    (folder / "bad.json").mkdir()


def a_link_to_its_own_folder(folder):
    (folder / "bad.json").symlink_to(folder)


def a_pipe(folder):
    os.mkfifo(folder / "bad.json")


def not_readable(folder):
    """A file that opens, and then cannot be read, even by root: a process's memory at address 0."""
    (folder / "bad.json").symlink_to("/proc/self/mem")


def no_permission(folder):
    (folder / "bad.json").write_text(content())
    (folder / "bad.json").chmod(0)


def endless(folder):
    (folder / "bad.json").symlink_to("/dev/zero")


def sparse(folder):
    """Ten gigabytes that take no room on the disk."""
    with (folder / "bad.json").open("wb") as file:
        file.truncate(10_000_000_000)


DEEP = '{"format": 2, "name": "eve", "number": "0123456789ab", "exercises": ' + '{"a":' * 100_000
TWICE = content().replace('"tries": 1', '"tries": 1, "tries": 2')
# what it is -> (how it is made, words of the reason)
BAD_FILES = {
    "empty": (text(""), "it is empty"),
    "blank": (text(" \n" * 10), "it is empty"),
    "cut short": (text(content()[:60]), "it is not JSON, or cut short"),
    "no JSON": (text("Dear teacher, here is my homework."), "it is not JSON"),
    "a web page": (text("<!doctype html><script>alert(1)</script>"), "it is not JSON"),
    "binary": (text(bytes(range(256)) * 20), "it is not text in UTF-8"),
    "UTF-16": (text(content().encode("utf-16")), "it is not text in UTF-8"),
    "UTF-16 without a mark": (text(content().encode("utf-16-le")), "it is not JSON"),
    "zero bytes": (text(b"\0" * 1000), "it is not JSON"),
    "huge": (text(content() + " " * 1_000_000), "larger than 1,000,000 bytes"),
    "ten gigabytes": (sparse, "larger than 1,000,000 bytes"),
    "deeply nested": (text(DEEP), "nested too deeply"),
    "deeply nested lists": (text("[" * 900_000), "nested too deeply"),
    "a list": (text("[]"), "expected an object"),
    "a number": (text("7"), "expected an object"),
    "a notebook": (text('{"cells": [], "nbformat": 4}'), "it has no “format”"),
    "a key twice": (text(TWICE), "it has 'tries' twice"),
    "NaN": (text(one(tries=float("nan"))), "it has NaN in it"),
    "infinity": (text(one(tries=float("inf"))), "it has Infinity in it"),
    "a fraction": (text(one(tries=1.5)), "“tries” should be a whole number, and is 1.5"),
    "a negative count": (text(one(tries=-1)), "-1 is no count"),
    "an enormous count": (text(one(tries=10**15)), "is no count from 0 to 1,000,000"),
    "a number of a million digits": (text('{"format": ' + "9" * 900_000 + "}"), "a number of 900,000 digits"),
    "true as a count": (text(one(hints=True)), "“hints” should be a whole number, and is True"),
    "text as a count": (text(one(tries="<b>3</b>")), "“tries” should be a whole number, and is '<b>3</b>'"),
    "one for true": (text(one(right=1)), "“right” should be true or false, and is 1"),
    "mistakes as a list": (text(one(mistakes=[])), "“mistakes” should be an object"),
    "a mistake that is none": (text(one(mistakes={"<script>": 1})), "'<script>' is no mistake"),
    "a mistake's place": (text(one(mistakes={"0": 1})), "'0' is no mistake"),
    "a mistake half a time": (text(one(mistakes={"01234567": 0.5})), "0.5 is no count"),
    "more mistakes than tries": (text(one(mistakes={"01234567": 2})), "more answers than tries"),
    "right without a try": (text(one(tries=0)), "more answers than tries"),
    "a tally that is a text": (text(content(exercises={EXERCISE: "done"})), "expected an object"),
    "exercises as a list": (text(content(exercises=[tally()])), "“exercises” should be an object"),
    "an exercise of 10,000 letters": (text(content(exercises={"x" * 10_000: tally()})), "too long"),
    "nearly 10,000 exercises": (
        text(content(exercises={f"{n}": tally() for n in range(9_999)})),
        "it has 9,999 exercises",
    ),
    "nearly 10,000 mistakes": (
        text(one(tries=10**5, mistakes={f"{n:08x}": 1 for n in range(9_999)})),
        "9,999 mistakes",
    ),
    "a name of 10,000 letters": (text(content(name="x" * 10_000)), "its name should be 1 to 40 letters"),
    "no name": (text(content(name="")), "its name should be"),
    "a name that is a number": (text(content(name=7)), "“name” should be a text"),
    "a name with HTML": (text(content(name="<img src=x onerror=alert(1)>")), "its name should be"),
    "a name that is a path": (text(content(name="../../anna")), "its name should be"),
    "a name with control characters": (text(content(name="a\x1b[31mb\r\n")), r"\x1b[31mb\r\n"),
    "a name written backwards": (text(content(name="anna\u202e\u2066gnp")), r"\u202e\u2066"),
    "a name of half a letter": (text(content(name="\ud800")), r"\ud800"),
    "no number": (text(content(number=None)), "“number” should be a text"),
    "another number": (text(content(number="0" * 13)), "12 hexadecimal digits"),
    "a later format": (text(content(format=3)), "it has format 3, of a later version of the course"),
    "format true": (text(content(format=True)), "“format” should be a whole number, and is True"),
    "format 0": (text(content(format=0)), "there is no format 0"),
    "a folder": (a_folder, "it is a folder"),
    "a link to its own folder": (a_link_to_its_own_folder, "it is a folder"),
    "a link to itself": (link_to_itself, "it cannot be opened"),
    "a link to nothing": (link_to_nothing, "there is no such file"),
    "a pipe": (a_pipe, "neither a file nor a folder"),
    "an endless device": (endless, "neither a file nor a folder"),
    "a file that cannot be read": (not_readable, "it cannot be opened"),
    "a file without permission": (no_permission, "it cannot be opened"),
}


def zipped(folder, members, name="bad.zip", **options):
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members:
            archive.writestr(member, data, **options)
    return folder / name


def bomb(folder):
    """A hundred members of 100 MB of spaces: 10 GB out of ten megabytes."""
    path = zipped(folder, [("one.json", b" " * 100_000_000)])
    info = zipfile.ZipFile(path).getinfo("one.json")
    data = path.read_bytes()
    local, central = data[: data.index(b"PK\x01\x02")], data[data.index(b"PK\x01\x02") : data.index(b"PK\x05\x06")]
    assert info.header_offset == 0
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 100, 100, 100 * len(central), len(local), 0)
    path.write_bytes(local + 100 * central + end)  # all members share the same bytes


def lying(folder):
    """A member that says it has 100 bytes, and unpacks to 50 MB."""
    path = zipped(folder, [("one.json", b" " * 50_000_000)])
    data, real = path.read_bytes(), struct.pack("<L", 50_000_000)
    path.write_bytes(data.replace(real, struct.pack("<L", 100)))


def with_dots(folder):
    zipped(folder, [("../../anna.json", content()), ("ok.json", content())])


def absolute(folder):
    zipped(folder, [("/etc/anna.json", content())])


def with_link(folder):
    link = zipfile.ZipInfo("anna.json")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    zipped(folder, [(link, "/etc/passwd")])


def encrypted(folder):
    path = zipped(folder, [("anna.json", content())])
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))


def cut(folder):
    path = zipped(folder, [("anna.json", content())])
    path.write_bytes(path.read_bytes()[:100])


def changed(folder):
    path = zipped(folder, [("anna.json", os.urandom(3000))])
    data = bytearray(path.read_bytes())
    data[1000] ^= 255
    path.write_bytes(bytes(data))


def no_zip(folder):
    (folder / "bad.zip").write_text("not a zip")


def unknown_packing(folder):
    path = zipped(folder, [("anna.json", content())])
    data = bytearray(path.read_bytes())
    data[8], data[data.index(b"PK\x01\x02") + 10] = 99, 99
    path.write_bytes(bytes(data))


def in_a_zip(folder):
    inner = zipped(folder, [("anna.json", content())], "inner.zip")
    zipped(folder, [("inner.zip", inner.read_bytes())])
    inner.unlink()


# what it is -> (how it is made, which name is refused, words of the reason)
BAD_ZIPS = {
    "a bomb": (bomb, "bad.zip", "unpacks to"),
    "a member larger than it says": (lying, "bad.zip/one.json", "cannot be unpacked"),
    "a name with ..": (with_dots, "bad.zip", "leads out of the archive"),
    "an absolute name": (absolute, "bad.zip", "leads out of the archive"),
    "a link": (with_link, "bad.zip", "is a symbolic link"),
    "an encrypted member": (encrypted, "bad.zip", "is encrypted"),
    "cut short": (cut, "bad.zip", "it is no whole zip"),
    "changed": (changed, "bad.zip/anna.json", "cannot be unpacked"),
    "no zip": (no_zip, "bad.zip", "it is no whole zip"),
    "an unknown packing": (unknown_packing, "bad.zip/anna.json", "cannot be unpacked"),
    "a zip in a zip": (in_a_zip, "bad.zip/inner.zip", "name it by itself"),
    "a huge member": (lambda folder: zipped(folder, [("a.json", " " * 2_000_000)]), "bad.zip/a.json", "larger than"),
}
