"""Fetching, with everything that goes wrong in a classroom: against a real server on loopback, in seconds.

The cases, each a failure of its own kind that some plausible way of fetching does not survive:

    way there    1 cold cache; 2 warm cache; 3-12 killed at ten offsets; 13 killed before the file got its name;
                14 killed while it is checked; 15 Ctrl-C; 16 the server ignores Range; 17 the file changed (If-Range);
                18 it changed and the server ignores If-Range; 19 a weak ETag; 20 another part than asked for;
                21 a part of a longer file; 22 a range refused (416); 23 a part that is too long; 24 a part with wrong
                bytes; 25 a whole part with wrong bytes; 26 a whole part; 27 a part from another mirror; 28 and 29 the
                same without a known hash; 30 a mirror with other bytes in between
    server      31 no answer; 32 stall; 33 trickle; 34 headers letter by letter; 35 drop; 36 drop again and again;
                37 reset; 38 closed at once; 39 no HTTP; 40 name that cannot be looked up in time; 41 nobody listens;
                42-46 status 401, 403, 404, 410, 206 unasked; 47-50 status 429, 500, 503, 504, once; 51 always;
                52 told to wait
    content     53 a web page; 54 one without a length; 55 one of the right length; 56 too short; 57 too long;
                58 without a length too short; 59 too long, endless; 60 right length, wrong bytes; 61 packed on the way;
                62 called packed; 63 nothing at all
    redirects   64 followed; 65 in a circle; 66 to file:; 67 from https to http; 68 with the range
    here        69 offline and cold; 70 offline and warm; 71 PRACTICUM_DATA first; 72 a folder to hand round; 73 taken
                from PRACTICUM_DATA; 74 read-only and warm; 75 read-only and cold; 76 the cache is a file;
                77 too small a disk; 78 a disk that fills up; 79 a limit of the file size; 80 a proxy; 81 a dead one;
                82 no_proxy; 83 a nonsense one; 84 32 processes; 85 32 and a dead server; 86 an old failure
    decoding    87 killed while decoding; 88 a bad checksum in the cache; 89 in PRACTICUM_DATA; 90 offline;
                91 wrong size in the cache; 92 one of four files is missing
    archives    93-104 tar: ../x, a/../../x, /x, ..\\x, C:/x, links, devices, a pipe, sparse, unknown;
                105-112 zip: ../x, /x, backslashes, C:\\x, a zero byte, a link, a device, encrypted;
                113-119 bombs: a member that is wanted, one that is not, many, a header, behind the end, gzip, zip;
                120 wrong checksum behind the last member; 121-125 IDX headers that lie; 126 wrong bytes in IDX
    photos      127 hash recorded; 128 too few photos; 129 one that is cut off; 130 a bad checksum; 131 no zip;
                132 changed on the disk; 133 changed at its origin
    asking      134 one of several fails; 135 wrong names; 136 JSON; 137 interrupted
"""

import contextlib
import errno
import gzip
import hashlib
import io
import json
import os
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import threading
import time
import tracemalloc
import zipfile
import zlib
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pytest
from conftest import PROJECT
from loopback import Answer, Loopback, chunked
from odd_files import encoded, large_jpeg, picture, png_chunk, png_chunks
from PIL import Image

from practicum import archives, checked_files, cli, connection, data, download, formats, places, remote
from practicum.checked_files import FetchError, RemoteFile
from practicum.connection import Limits
from practicum.remote import fetch_file

SIZE = 200_000
BODY = random.Random(0).randbytes(SIZE)
OTHER = random.Random(1).randbytes(SIZE)
QUICK = {
    "connect": 2.0,
    "silence": 1.5,
    "answer": 3.0,
    "window": 2.0,
    "slowest": 5_000,
    "drops": 3,
    "rounds": 2,
    "pause": 0.05,
}
LIMITS = Limits(**QUICK)
PATIENT = {**QUICK, "silence": 2.0, "answer": 30.0, "window": 20.0, "connect": 10.0}  # for many processes on two cores
BROUGHT = os.environ.get("PRACTICUM_DATA", "")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def server():
    running = Loopback()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def _online(tmp_path, monkeypatch):
    """A cache of the test's own, the network allowed, nothing else in the environment."""
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "cache"))
    for name in ("PRACTICUM_OFFLINE", "PRACTICUM_DATA", *PROXIES, *map(str.upper, PROXIES)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "LIMITS", LIMITS)


def sha(content):
    return hashlib.sha256(content).hexdigest()


def wanted(*addresses, body=BODY, **changes):
    return RemoteFile(**{"name": "x.bin", "addresses": addresses, "size": len(body), "sha256": sha(body), **changes})


def fetch(*addresses, to, limits=LIMITS, **changes):
    """Fetch BODY; whatever happens, what has its name is BODY, and no other file is left when it is done."""
    try:
        path = fetch_file(wanted(*addresses, **changes), to, limits=limits)
    finally:
        assert not (to / "x.bin").exists() or (to / "x.bin").read_bytes() == changes.get("body", BODY)
    assert {file.name for file in to.iterdir()} <= {"x.bin", "x.bin.sha256", ".x.bin.lock"}
    return path


def assert_refused(*addresses, to, match, **changes):
    with pytest.raises(FetchError, match=match) as caught:
        fetch(*addresses, to=to, **changes)
    assert not (to / "x.bin").exists()
    for address in addresses:
        assert address in str(caught.value), "every address that was tried is named"
    return str(caught.value)


def leave_part(folder, content, address=None, validator=None):
    """What an interrupted call leaves."""
    folder.mkdir(exist_ok=True)
    (folder / "x.bin.part").write_bytes(content)
    if address:
        (folder / "x.bin.part.json").write_text(json.dumps({"address": address, "validator": validator}))


# The way there --------------------------------------------------------------------------------------------------------


def test_a_cold_and_a_warm_cache(server, tmp_path):
    address = server.serve("/x", Answer(BODY))
    assert fetch(address, to=tmp_path / "deep" / "folder").read_bytes() == BODY
    fetch(address, to=tmp_path / "deep" / "folder")
    assert len(server.requests) == 1
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert "range" not in server.requests[0].headers


def child(order, tmp_path, **environment):
    """fetch_child.py, at work."""
    process = subprocess.Popen(
        [sys.executable, PROJECT / "tests" / "fetch_child.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
        cwd=tmp_path,
    )
    process.stdin.write(json.dumps({"limits": QUICK, **order}))
    process.stdin.close()
    process.stdin = None
    return process


def order_for(*addresses, name="cifar10", file="cifar-10-binary.tar.gz", body=BODY, call="fetch", **rest):
    return {"table": {name: ["", [[file, addresses, len(body), sha(body)]]]}, "name": name, "call": call, **rest}


def wait_until(true, what, process=None):
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, what
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.01)


def kill(process):
    process.kill()
    process.communicate()


@pytest.mark.parametrize("offset", [0, 1, 999, 4096, 65_536, 65_537, 100_000, 150_000, SIZE - 2, SIZE - 1])
def test_killed_at_an_offset_it_goes_on_from_there(server, tmp_path, offset):
    address = server.serve("/x", Answer(BODY, stop_after=offset, ending="stall"), Answer(BODY))
    order = order_for(address, to=str(tmp_path / "to"), limits={**QUICK, "silence": 60, "answer": 60, "window": 60})
    process = child(order, tmp_path)
    part = tmp_path / "to" / "cifar-10-binary.tar.gz.part"
    wait_until(lambda: part.exists() and part.stat().st_size == offset, f"{offset} bytes are written", process)
    kill(process)
    assert not part.with_suffix("").exists()
    path = fetch_file(wanted(address, name="cifar-10-binary.tar.gz"), tmp_path / "to", limits=LIMITS)
    assert path.read_bytes() == BODY
    assert server.requests[1].headers.get("range") == (f"bytes={offset}-" if offset else None)
    assert server.requests[1].sent == SIZE - offset
    assert not part.exists()


@pytest.mark.parametrize("place", ["check", "keep"])
def test_killed_when_all_has_come_nothing_is_asked_for_again(server, tmp_path, place):
    address = server.serve("/x", Answer(BODY))
    flag = tmp_path / "flag"
    process = child(order_for(address, to=str(tmp_path), pause_in=place), tmp_path, STANDS_STILL=str(flag))
    wait_until(flag.exists, "all has come", process)
    kill(process)
    assert not (tmp_path / "cifar-10-binary.tar.gz").exists()
    path = fetch_file(wanted(address, name="cifar-10-binary.tar.gz"), tmp_path, limits=LIMITS)
    assert path.read_bytes() == BODY
    assert len(server.requests) == 1


def test_ctrl_c_leaves_a_part_and_says_so(server, tmp_path):
    address = server.serve("/x", Answer(BODY, stop_after=50_000, ending="stall"), Answer(BODY))
    order = order_for(address, to=str(tmp_path), limits={**QUICK, "silence": 60, "answer": 60, "window": 60})
    process = child(order, tmp_path)
    part = tmp_path / "cifar-10-binary.tar.gz.part"
    wait_until(lambda: part.exists() and part.stat().st_size == 50_000, "half is written", process)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=10)
    assert "KeyboardInterrupt" in complaint
    fetch_file(wanted(address, name="cifar-10-binary.tar.gz"), tmp_path, limits=LIMITS)
    assert server.requests[1].sent == SIZE - 50_000


def test_a_server_that_ignores_range_sends_it_all_again(server, tmp_path):
    address = server.serve("/x", Answer(BODY, ranges=False))
    leave_part(tmp_path, BODY[:70_000])
    assert fetch(address, to=tmp_path).read_bytes() == BODY
    assert server.requests[0].headers["range"] == "bytes=70000-"
    assert len(server.requests) == 1


@pytest.mark.parametrize("header", ["ETag", "Last-Modified"])
@pytest.mark.parametrize("known_hash", [True, False])
@pytest.mark.parametrize("honoured", [True, False])
def test_a_file_that_changed_meanwhile_is_fetched_whole(server, tmp_path, header, known_hash, honoured):
    day = "{}, 0{} Mar 2026 10:00:00 GMT"
    old, new = ('"1"', '"2"') if header == "ETag" else (day.format("Mon", 2), day.format("Tue", 3))
    address = server.serve("/x", Answer(BODY, headers={header: new}, honours_if_range=honoured))
    leave_part(tmp_path, OTHER[:70_000], address, old)
    changes = {} if known_hash else {"sha256": None}
    assert fetch(address, to=tmp_path, **changes).read_bytes() == BODY
    assert server.requests[0].headers["if-range"] == old
    assert "range" not in server.requests[-1].headers or honoured
    assert len(server.requests) == (1 if honoured else 2)


def test_a_weak_etag_vouches_for_nothing(server, tmp_path):
    address = server.serve("/x", Answer(BODY, headers={"ETag": 'W/"1"'}, stop_after=60_000), Answer(BODY))
    fetch(address, to=tmp_path, sha256=None, check=check_is(BODY))
    assert "if-range" not in server.requests[1].headers
    assert "range" not in server.requests[1].headers


def check_is(body):
    def check(path):
        if path.read_bytes() != body:
            raise ValueError("is another file")

    return check


def test_another_part_than_asked_for_is_not_taken(server, tmp_path):
    shifted = {"Content-Range": f"bytes 60000-{SIZE - 1}/{SIZE}"}
    wrong = server.serve("/wrong", Answer(BODY, headers=shifted))
    right = server.serve("/right", Answer(BODY))
    leave_part(tmp_path, BODY[:70_000])
    assert fetch(wrong, right, to=tmp_path).read_bytes() == BODY
    assert server.requests[1].headers["range"] == "bytes=70000-", "the part was kept for the next address"


def test_a_part_of_a_file_whose_length_the_server_does_not_say_is_taken(server, tmp_path):
    address = server.serve("/x", Answer(BODY, headers={"Content-Range": f"bytes 70000-{SIZE - 1}/*"}))
    leave_part(tmp_path, BODY[:70_000])
    fetch(address, to=tmp_path)
    assert [request.sent for request in server.requests] == [SIZE - 70_000]


def test_a_part_that_does_not_say_its_version_is_taken(server, tmp_path):
    """It need not; it was only sent because the version is the one asked for."""
    address = server.serve("/x", Answer(BODY, honours_if_range=False))
    leave_part(tmp_path, BODY[:70_000], address, '"1"')
    fetch(address, to=tmp_path, sha256=None)
    assert [request.sent for request in server.requests] == [SIZE - 70_000]


def test_a_part_of_a_longer_file_is_not_taken(server, tmp_path):
    wrong = server.serve("/wrong", Answer(BODY + OTHER))
    leave_part(tmp_path, BODY[:70_000])
    assert_refused(wrong, to=tmp_path, match=r"sends 'bytes 70000-399999/400000', not bytes 70000-199999/200000")
    assert (tmp_path / "x.bin.part").stat().st_size == 70_000


def test_a_range_that_is_refused_is_asked_for_from_the_start(server, tmp_path):
    address = server.serve("/x", Answer(b"out of range", status=416), Answer(BODY))
    leave_part(tmp_path, BODY[:70_000])
    fetch(address, to=tmp_path)
    assert "range" not in server.requests[1].headers


def test_a_range_that_is_refused_again_and_again_ends(server, tmp_path):
    address = server.serve("/x", Answer(b"out of range", status=416))
    leave_part(tmp_path, BODY[:70_000])
    assert_refused(address, to=tmp_path, match="HTTP 416")


@pytest.mark.parametrize(
    "part", [BODY + b"!", OTHER, OTHER[:80_000], b"\0" * 80_000], ids=["long", "whole", "start", "0"]
)
def test_a_part_with_wrong_bytes_is_found_out(server, tmp_path, part):
    address = server.serve("/x", Answer(BODY))
    leave_part(tmp_path, part)
    assert fetch(address, to=tmp_path).read_bytes() == BODY
    assert "range" not in server.requests[-1].headers
    assert len(server.requests) <= 2


def test_a_whole_part_needs_no_server(server, tmp_path):
    leave_part(tmp_path, BODY)
    before = (tmp_path / "x.bin.part").stat().st_ino
    assert fetch(server.url("/gone"), to=tmp_path).stat().st_ino == before, "renamed; a copy could be cut off"
    assert server.requests == []


def test_a_part_is_completed_by_another_mirror_if_the_hash_is_known(server, tmp_path):
    one = server.serve("/one", Answer(BODY, headers={"ETag": '"1"'}, stop_after=120_000, ending="stall"))
    two = server.serve("/two", Answer(BODY, headers={"ETag": '"b"'}))
    fetch(one, two, to=tmp_path)
    (request,) = server.asked("/two")
    assert request.headers["range"] == "bytes=120000-"
    assert "if-range" not in request.headers, "the other server's ETag means nothing here"


def test_without_a_known_hash_mirrors_are_not_mixed(server, tmp_path):
    one = server.serve("/one", Answer(OTHER, headers={"ETag": '"1"'}, stop_after=120_000, ending="stall"))
    two = server.serve("/two", Answer(BODY, headers={"ETag": '"1"'}))
    fetch(one, two, to=tmp_path, sha256=None)
    assert "range" not in server.asked("/two")[0].headers


def test_without_a_known_hash_a_part_of_unknown_origin_is_not_used(server, tmp_path):
    address = server.serve("/x", Answer(BODY))
    for left in (None, "{", '{"address": 3}', "[]"):
        leave_part(tmp_path, OTHER[:70_000])
        if left:
            (tmp_path / "x.bin.part.json").write_text(left)
        assert fetch(address, to=tmp_path, sha256=None).read_bytes() == BODY
        for file in ("x.bin", "x.bin.sha256"):
            (tmp_path / file).unlink()


def test_without_a_known_hash_a_part_goes_on_where_its_version_is_known(server, tmp_path):
    address = server.serve(
        "/x", Answer(BODY, headers={"ETag": '"1"'}, stop_after=120_000), Answer(BODY, headers={"ETag": '"1"'})
    )
    fetch(address, to=tmp_path, sha256=None)
    assert server.requests[1].headers["if-range"] == '"1"'
    assert server.requests[1].sent == SIZE - 120_000


def test_a_mirror_with_other_bytes_does_no_harm(server, tmp_path):
    """The first one sends half of another file, the second one completes it to a mixture, then sends it whole."""
    one = server.serve("/one", Answer(OTHER, stop_after=90_000, ending="stall"))
    two = server.serve("/two", Answer(BODY))
    fetch(one, two, to=tmp_path)
    assert [request.headers.get("range") for request in server.asked("/two")] == ["bytes=90000-", None]


# What servers do ------------------------------------------------------------------------------------------------------

CHUNKED = {"Content-Length": None, "Transfer-Encoding": "chunked"}
FAULTS = {
    "no answer": (Answer(raw=b"", ending="stall"), r"(sent nothing for 1\.5 s|no answer within 3 s)"),
    "stall": (Answer(BODY, stop_after=50_000, ending="stall"), r"sent nothing for 1\.5 s"),
    "trickle": (Answer(BODY, speed=1000), r"is too slow: [\d,]+ bytes in 2 s, where 10,000 are the least"),
    "slow headers": (Answer(raw=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 99, speed=20), "no answer within"),
    "drops always": (Answer(BODY, stop_after=0), "the connection broke off"),
    "reset": (Answer(BODY, ranges=False, stop_after=60_000, ending="reset"), "the connection broke off"),
    "closed at once": (Answer(raw=b""), "the connection broke off"),
    "no HTTP": (Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), "the connection broke off"),
    "401": (Answer(b"no", status=401), "HTTP 401"),
    "403": (Answer(b"no", status=403), "HTTP 403"),
    "404": (Answer(b"no", status=404), "HTTP 404"),
    "410": (Answer(b"no", status=410), "HTTP 410"),
    "206 unasked": (Answer(BODY, status=206), "HTTP 206"),
    "204": (Answer(b"", status=204), "HTTP 204"),
    "500 always": (Answer(b"no", status=500), "HTTP 500"),
    "page": (
        Answer(b"<html>log in</html>", ranges=False, headers={"Content-Type": "text/html; charset=utf-8"}),
        r"sends 19 bytes where 200,000 are expected, a web page; does the network ask to log in\?",
    ),
    "page without length": (
        Answer(chunked(b"<html>" * 99), headers={"Content-Type": "text/html", **CHUNKED}),
        r"sends text/html, a web page",
    ),
    "page of the right length": (
        Answer(b"<html>".ljust(SIZE), headers={"Content-Type": "text/html"}),
        "SHA-256 is .*, expected",
    ),
    "short": (Answer(BODY[:-1]), "sends 199,999 bytes where 200,000 are expected"),
    "long": (Answer(BODY + b"!"), "sends 200,001 bytes where 200,000 are expected"),
    "no length": (Answer(BODY[:-1], headers={"Content-Length": None}), "ended after 199,999 of 200,000 bytes"),
    "endless": (
        Answer(BODY * 20, headers={"Content-Length": None}, speed=50_000_000),
        "sends more than the 200,000 bytes expected",
    ),
    "wrong bytes": (Answer(OTHER), f"SHA-256 is {sha(OTHER)}, expected {sha(BODY)}"),
    "packed": (
        Answer(gzip.compress(BODY), headers={"Content-Encoding": "gzip"}),
        r"sends 200,\d+ bytes \(content-encoding gzip\) where 200,000 are expected",
    ),
    "nothing": (Answer(b""), "sends 0 bytes"),
    "circle": (Answer(status=302, headers={"Location": "/x"}), "is redirected more than 5 times"),
    "to a file": (Answer(status=302, headers={"Location": "file:///etc/passwd"}), "is redirected to file:.*/passwd"),
    "to ftp": (Answer(status=301, headers={"Location": "ftp://127.0.0.1/x"}), "is redirected to ftp:"),
}  # fmt: skip

# What may be the file takes the place of the part; what does not answer at all is tried often enough.
NOT_WITH_A_PART = (
    *("page of the right length", "wrong bytes", "no length", "reset", "stall"),
    *("no answer", "slow headers"),
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_address_is_named_with_the_fault(server, tmp_path, fault):
    answer, reason = FAULTS[fault]
    address = server.serve("/x", answer)
    start = time.monotonic()
    assert_refused(address, to=tmp_path, match=re.escape(address) + r" \(" + reason)
    assert time.monotonic() - start < 20
    assert len(server.requests) <= LIMITS.rounds * (LIMITS.drops + 1)


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_faulty_address_comes_the_next_one(server, tmp_path, fault, capsys):
    faulty = server.serve("/x", FAULTS[fault][0])
    good = server.serve("/good", Answer(BODY))
    fetch(faulty, good, to=tmp_path)
    assert faulty in capsys.readouterr().err, "the fault is told, though it all went well"
    assert len(server.asked("/good")) <= 2


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in NOT_WITH_A_PART])
def test_a_part_outlives_an_address_that_has_nothing_better(server, tmp_path, fault):
    """A log-in page is no reason to fetch 100 MB again."""
    faulty = server.serve("/x", FAULTS[fault][0])
    leave_part(tmp_path, BODY[:150_000])
    with pytest.raises(FetchError, match=r"15\d kB are kept"):
        fetch(faulty, to=tmp_path)
    good = server.serve("/good", Answer(BODY))
    fetch(good, to=tmp_path)
    assert server.asked("/good")[0].sent <= 50_000


def test_a_dropped_connection_is_taken_up_again_at_the_same_address(server, tmp_path):
    cuts = [Answer(BODY, stop_after=60_000), Answer(BODY, stop_after=60_000, ending="reset"), Answer(BODY)]
    address = server.serve("/x", *cuts)
    fetch(address, server.url("/other"), to=tmp_path)
    assert [request.headers.get("range") for request in server.requests] == [None, "bytes=60000-", "bytes=120000-"]


def test_drops_without_end_end(server, tmp_path):
    address = server.serve("/x", Answer(BODY, stop_after=1000))
    assert_refused(address, to=tmp_path, match="the connection broke off")
    assert len(server.requests) <= LIMITS.rounds * (LIMITS.drops + 1)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_with_too_much_to_do_is_asked_again(server, tmp_path, status):
    address = server.serve("/x", Answer(b"later", status=status), Answer(BODY))
    fetch(address, to=tmp_path)
    assert len(server.requests) == 2


def test_a_server_that_fears_a_repeated_request_is_asked_again(server, tmp_path):
    fetch(server.serve("/x", Answer(b"too early", status=425), Answer(BODY)), to=tmp_path)
    assert len(server.requests) == 2


def test_there_is_no_waiting_where_nobody_is_left_to_ask(server, tmp_path):
    start = time.monotonic()
    assert_refused(server.url("/gone"), to=tmp_path, match="HTTP 404", limits=Limits(**{**QUICK, "pause": 60.0}))
    assert time.monotonic() - start < 40


def test_a_server_that_begins_quickly_and_then_trickles_is_left(tmp_path):
    """What came in an earlier window does not count for this one."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        over = threading.Event()

        def send():
            connection_, _ = listening.accept()
            with connection_:
                connection_.recv(65536)
                connection_.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE + BODY[:150_000])
                for place in range(150_000, SIZE, 50):
                    if over.wait(0.05):
                        return
                    connection_.sendall(BODY[place : place + 50])

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/x"
        start = time.monotonic()
        try:
            limits = Limits(**{**QUICK, "window": 1.0, "rounds": 1})
            with pytest.raises(FetchError, match=r"is too slow: [\d,]{3,5} bytes in 1 s"):
                fetch_file(wanted(address), tmp_path, limits=limits)
            assert time.monotonic() - start < 10
        finally:
            over.set()
            sender.join()


def test_another_mirror_is_quicker_than_waiting(server, tmp_path):
    busy = server.serve("/busy", Answer(b"later", status=503, headers={"Retry-After": "15"}))
    good = server.serve("/good", Answer(BODY))
    start = time.monotonic()
    fetch(busy, good, to=tmp_path)
    assert time.monotonic() - start < 12


def test_a_server_may_say_how_long_to_wait(server, tmp_path):
    address = server.serve("/x", Answer(b"later", status=503, headers={"Retry-After": "1"}), Answer(BODY))
    start = time.monotonic()
    fetch(address, to=tmp_path)
    assert time.monotonic() - start >= 1


def test_the_longest_wait_is_bounded():
    request = httpx.Request("GET", "http://x")
    for said, seconds in (
        ("3", 3),
        ("86400", connection.LONGEST_WAIT),
        ("Tue, 03 Mar 2026 10:00:00 GMT", 0),
        ("-5", 0),
    ):
        failure = connection.refusal(httpx.Response(503, headers={"Retry-After": said}, request=request))
        assert failure.wait == seconds


def test_the_limits_that_are_shipped_end_any_wait_within_a_minute():
    shipped = Limits()
    assert download.LIMITS is LIMITS, "this file has its own"
    assert shipped.connect < shipped.answer
    assert shipped.answer + 2 * shipped.window < 60, (
        "until it answers; then a window that was good enough, and one that is not"
    )
    assert connection.LONGEST_WAIT + shipped.pause + shipped.answer < 60
    assert shipped.rounds * (shipped.silence + shipped.pause) < 60


def test_a_name_that_cannot_be_looked_up_in_time(server, tmp_path, monkeypatch):
    original, waiting = socket.getaddrinfo, threading.Event()

    def look_up(host, *rest, **more):
        return waiting.wait(20) if host == "slow.test" else original(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    start = time.monotonic()
    fetch("http://slow.test/x", server.serve("/x", Answer(BODY)), to=tmp_path)
    assert time.monotonic() - start < 10
    waiting.set()


def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_nobody_listens(tmp_path):
    nobody = f"http://127.0.0.1:{closed_port()}/x"
    assert_refused(nobody, "nonsense://x", to=tmp_path, match=r"no connection \(.*refused.*; nonsense://x \(")


def test_bytes_that_are_called_packed_are_the_file(server, tmp_path):
    """Some servers call a .tar.gz "content-encoding: gzip", and a browser would unpack it."""
    packed = gzip.compress(BODY)
    address = server.serve("/x", Answer(packed, headers={"Content-Encoding": "gzip"}))
    assert fetch(address, to=tmp_path, body=packed).read_bytes() == packed


def test_redirects_are_followed_with_the_range(server, tmp_path):
    server.serve("/there", Answer(BODY))
    address = server.serve("/x", Answer(status=302, headers={"Location": "/between"}))
    server.serve("/between", Answer(status=307, headers={"Location": server.url("/there")}))
    leave_part(tmp_path, BODY[:70_000])
    fetch(address, to=tmp_path)
    assert server.asked("/there")[0].sent == SIZE - 70_000


def test_no_redirect_leads_out_of_encryption():
    asking = connection._Asking("https://a.test/x", {}, LIMITS)
    asking._see_where_it_leads(httpx.Request("GET", "https://b.test/x"))
    with pytest.raises(connection.Failure, match=r"is redirected to http://b\.test/x"):
        asking._see_where_it_leads(httpx.Request("GET", "http://b.test/x"))


def test_what_is_not_written_yet_does_not_fill_the_memory(server):
    address = server.serve("/x", Answer(bytes(20_000_000)))
    with connection.get(address, {}, LIMITS):
        (asking,) = (thread for thread in threading.enumerate() if thread.name == f"fetching {address}")
        wait_until(lambda: asking.items.full() or asking.items.qsize() > 64, "some pieces wait")
        time.sleep(0.3)
        assert asking.items.qsize() <= connection.WAITING_PIECES


def test_a_program_ends_though_a_server_still_has_it_wait(server, tmp_path):
    address = server.serve("/x", Answer(raw=b"", ending="stall"))
    limits = {**QUICK, "silence": 60, "answer": 0.5, "rounds": 1}
    start = time.monotonic()
    out, _ = child(order_for(address, to=str(tmp_path), limits=limits), tmp_path).communicate(timeout=50)
    assert "no answer within 0.5 s" in out
    assert time.monotonic() - start < 25


def test_a_slow_disk_is_not_the_servers_fault(server, tmp_path, monkeypatch):
    original = remote._Fetching._write

    def slowly(self, out, pieces, done, show):
        original(self, out, pieces, done, lambda count: (time.sleep(0.4), show(count)))

    monkeypatch.setattr(remote._Fetching, "_write", slowly)
    address = server.serve("/x", Answer(BODY))
    fetch(address, to=tmp_path, limits=Limits(**{**QUICK, "slowest": 1_000_000, "window": 0.5}))
    assert len(server.requests) == 1


def test_no_thread_goes_on_asking(server, tmp_path):
    address = server.serve("/x", Answer(BODY, speed=1000))
    assert_refused(address, to=tmp_path, match="too slow")
    wait_until(lambda: not [t for t in threading.enumerate() if t.name.startswith("fetching")], "the thread ends")


# The small datasets ---------------------------------------------------------------------------------------------------


def tar_of(members, *, more=()):
    """A .tar.gz of {name: content}, and of further (TarInfo, content)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info, content in more:
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def cifar_members(count=20):
    pixels = np.random.default_rng(0).integers(0, 256, (6 * count, 3073), dtype=np.uint8)
    pixels[:, 0] = np.arange(6 * count) % 10
    names = [*formats.CIFAR10_TRAIN_FILES, formats.CIFAR10_TEST_FILE]
    return {
        f"cifar-10-batches-bin/{name}": part.tobytes() for name, part in zip(names, np.split(pixels, 6), strict=True)
    }


CIFAR = tar_of(cifar_members())


def idx(array):
    return gzip.compress(
        bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes(), mtime=0
    )


def fashion_files():
    pixels = np.random.default_rng(0).integers(0, 256, (240, 28, 28)).astype(np.uint8)
    labels = (np.arange(240) % 10).astype(np.uint8)
    return {
        "train-images-idx3-ubyte.gz": idx(pixels[:200]),
        "train-labels-idx1-ubyte.gz": idx(labels[:200]),
        "t10k-images-idx3-ubyte.gz": idx(pixels[200:]),
        "t10k-labels-idx1-ubyte.gz": idx(labels[200:]),
    }


def photo(number, colour):
    out = io.BytesIO()
    patches = np.random.default_rng(number).integers(0, 56, (6, 8, 3)) + np.array(colour)
    Image.fromarray(patches.astype(np.uint8)).resize((40, 30)).save(out, "JPEG")
    return out.getvalue()


def cats_members():
    return {
        f"cats_and_dogs_filtered/{split}/{kind}/{kind[:-1]}.{number}.jpg": photo(number + shift, colour)
        for split, count, shift in (("train", 12, 0), ("validation", 6, 12))
        for kind, colour in (("cats", (200, 60, 10)), ("dogs", (10, 60, 200)))
        for number in range(count)
    }


def zip_of(members, *, more=()):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in [*members.items(), *more]:
            archive.writestr(name, content)
    return out.getvalue()


CATS = zip_of({**cats_members(), "cats_and_dogs_filtered/vectorize.py": b"# a script that belongs to it"})
FASHION = fashion_files()
PHOTOS = {"train": 24, "validation": 12}


@pytest.fixture
def small(server, monkeypatch):
    """The three datasets, small, as the server has them: a function that publishes them anew with other answers."""

    def publish(cifar=None, cats=None, fashion=None):
        def at(path, body, answers):
            return server.serve(path, *(answers or [Answer(body)]))

        table = {
            "cifar10": download.Published(
                (wanted(at("/cifar", CIFAR, cifar), body=CIFAR, name="cifar-10-binary.tar.gz"),)
            ),
            "fashion_mnist": download.Published(
                tuple(
                    wanted(at(f"/{name}", body, (fashion or {}).get(name)), body=body, name=name)
                    for name, body in FASHION.items()
                ),
                folder="fashion-mnist",
            ),
            "cats_vs_dogs": download.Published(
                (
                    wanted(
                        at("/cats", CATS, cats),
                        body=(cats or [Answer(CATS)])[0].body,
                        name="cats_and_dogs_filtered.zip",
                        sha256=None,
                        check=partial(download.check_photos, expected=PHOTOS),
                    ),
                )
            ),
        }
        monkeypatch.setattr(download, "DATASETS", table)
        return server

    return publish


def no_sockets(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


NAMES = ("cifar10", "fashion_mnist", "cats_vs_dogs")
THREE_WAYS = (
    r"Three ways out: name the folder that holds \S+ in PRACTICUM_DATA; or pass the path of a folder or archive "
    r"of class folders; or use a bundled dataset: emoji, fashion\."
)


@pytest.mark.parametrize("name", NAMES)
def test_load_fetches_once_and_then_needs_no_network(small, name, monkeypatch):
    server = small()
    first = data.load(name)
    asked = len(server.requests)
    assert asked == len(download.DATASETS[name].files)
    monkeypatch.setenv("PRACTICUM_OFFLINE", "1")
    no_sockets(monkeypatch)
    again = data.load(name)
    assert np.array_equal(first.train.images, again.train.images)
    assert len(server.requests) == asked


@pytest.mark.parametrize("name", NAMES)
def test_offline_and_cold_names_the_three_ways_out(name, monkeypatch):
    monkeypatch.setenv("PRACTICUM_OFFLINE", "1")
    no_sockets(monkeypatch)
    with pytest.raises(
        ValueError, match=f"load: {name} is not bundled and was not found; .*PRACTICUM_OFFLINE is set.*{THREE_WAYS}"
    ) as caught:
        data.load(name)
    assert not isinstance(caught.value, FetchError), "nothing was tried, so nothing failed"


@pytest.mark.parametrize("value", ["no", "off", "False", " 0 ", "NO"])
def test_what_does_not_count_as_offline(monkeypatch, value):
    monkeypatch.setenv("PRACTICUM_OFFLINE", value)
    assert not places.offline()


def test_where_no_folder_is_named_none_is_looked_at(tmp_path, monkeypatch):
    """Not the folder one happens to be in, either."""
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(CIFAR)
    monkeypatch.chdir(tmp_path)
    for value in ("", os.pathsep):
        monkeypatch.setenv("PRACTICUM_DATA", value)
        assert places.find("cifar10") is None
    monkeypatch.setenv("PRACTICUM_OFFLINE", "1")
    with pytest.raises(ValueError, match=r"tried no folder \(PRACTICUM_DATA is not set\), and the downloads in"):
        download.fetch("cifar10")


def test_the_first_folder_of_practicum_data_comes_first_whatever_it_holds(tmp_path, monkeypatch):
    (tmp_path / "one" / "cifar-10-batches-bin").mkdir(parents=True)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "cifar-10-binary.tar.gz").write_bytes(CIFAR)
    monkeypatch.setenv("PRACTICUM_DATA", os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")]))
    assert places.find("cifar10") == tmp_path / "one" / "cifar-10-batches-bin"


@pytest.mark.parametrize(
    ("value", "offline"), [("1", True), ("true", True), ("yes", True), ("0", False), ("", False), ("false", False)]
)
def test_what_counts_as_offline(monkeypatch, value, offline):
    monkeypatch.setenv("PRACTICUM_OFFLINE", value)
    assert places.offline() is offline


def test_a_failed_fetch_names_the_three_ways_out_too(small):
    small(cifar=[Answer(b"", status=404)])
    with pytest.raises(FetchError, match=rf"load: cifar10 is not here, and .*/cifar \(HTTP 404.*{THREE_WAYS}"):
        data.load("cifar10")


def test_practicum_data_comes_first(small, tmp_path, monkeypatch):
    server = small()
    data.load("cifar10")
    (tmp_path / "shelf" / "cifar-10-batches-bin").mkdir(parents=True)
    for name, content in cifar_members(count=10).items():
        (tmp_path / "shelf" / name).write_bytes(content)
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "shelf"))
    assert len(data.load("cifar10").test) == 10
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_to_hand_round_is_what_practicum_data_may_name(small, tmp_path, monkeypatch, name):
    server = small()
    path = download.fetch(name, tmp_path / "usb")
    assert path == tmp_path / "usb" / data.FINDABLE[name][0]
    assert not (tmp_path / "cache" / "downloads").exists()
    monkeypatch.setenv("PRACTICUM_OFFLINE", "1")
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "usb"))
    no_sockets(monkeypatch)
    assert len(data.load(name).test) > 0
    assert len(server.requests) == len(download.DATASETS[name].files)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_here_is_copied_and_not_fetched(small, tmp_path, monkeypatch, name):
    small()
    download.fetch(name, tmp_path / "one")
    monkeypatch.setenv("PRACTICUM_OFFLINE", "1")
    no_sockets(monkeypatch)
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "one"))
    assert download.fetch(name) == tmp_path / "one" / data.FINDABLE[name][0]
    download.fetch(name, tmp_path / "two")
    for file in (tmp_path / "one").rglob("*"):
        if file.is_file() and file.suffix != ".lock":
            assert (tmp_path / "two" / file.relative_to(tmp_path / "one")).read_bytes() == file.read_bytes()


def test_what_is_brought_comes_before_what_was_fetched(small, tmp_path, monkeypatch):
    small()
    download.fetch("cifar10")
    brought = download.fetch("cifar10", tmp_path / "one")
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "one"))
    assert download.fetch("cifar10") == brought


def test_a_folder_may_begin_at_home(small, tmp_path, monkeypatch):
    small()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    assert download.fetch("cifar10", "~/usb") == tmp_path / "home" / "usb" / "cifar-10-binary.tar.gz"
    monkeypatch.setenv("PRACTICUM_DATA", str(Path("~") / "usb"))
    assert places.find("cifar10") == tmp_path / "home" / "usb" / "cifar-10-binary.tar.gz"


def test_a_damaged_file_in_practicum_data_is_not_handed_on(small, tmp_path, monkeypatch):
    server = small()
    download.fetch("cifar10", tmp_path / "one")
    flip(tmp_path / "one" / "cifar-10-binary.tar.gz")
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "one"))
    assert download.fetch("cifar10", tmp_path / "two").read_bytes() == CIFAR
    assert len(server.requests) == 2


def test_a_damaged_file_on_the_stick_is_fetched_anew(small, tmp_path):
    small()
    path = download.fetch("cifar10", tmp_path / "usb")
    flip(path)
    assert download.fetch("cifar10", tmp_path / "usb").read_bytes() == CIFAR


def flip(path):
    """Change one byte in the middle; the size stays."""
    path.write_bytes(flipped(path.read_bytes()))


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]


def test_a_damaged_file_does_not_keep_its_name_where_no_other_can_be_had(server, tmp_path):
    (tmp_path / "x.bin").write_bytes(OTHER)
    assert_refused(server.url("/gone"), to=tmp_path, match="HTTP 404")


def test_of_four_files_only_the_missing_one_is_fetched(small):
    server = small(fashion={"t10k-labels-idx1-ubyte.gz": [Answer(status=404)]})
    with pytest.raises(FetchError, match=r"t10k-labels-idx1-ubyte\.gz could not be fetched"):
        data.load("fashion_mnist")
    small()
    before = len(server.requests)
    assert len(data.load("fashion_mnist").test) == 40
    assert [request.path for request in server.requests[before:]] == ["/t10k-labels-idx1-ubyte.gz"]


# The machine ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A function that gives a folder on a disk of its own, of so many bytes; skipped where one may not mount."""
    mounted = []

    def mount(size):
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
        if done.returncode:
            pytest.skip("a disk of its own can only be mounted by root")
        mounted.append(folder)
        return folder

    try:
        yield mount
    finally:
        for folder in mounted:
            subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def read_only():
    """A function that makes a folder unwritable, also for root where that can be done."""
    undo = []

    def protect(folder):
        for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
            path.chmod(0o555)
            undo.append(partial(path.chmod, 0o755))
        if os.access(folder, os.W_OK):
            for command in (["mount", "--bind", folder, folder], ["mount", "-o", "remount,bind,ro", folder]):
                if subprocess.run(command, capture_output=True).returncode:
                    pytest.skip("root may write everywhere, and nothing can be mounted here")
            undo.append(lambda: subprocess.run(["umount", "-l", folder], check=True))
        assert not os.access(folder, os.W_OK)

    try:
        yield protect
    finally:
        for step in reversed(undo):
            step()


def test_a_read_only_cache_that_is_warm(small, tmp_path, read_only):
    small()
    first = data.load("cifar10")
    read_only(tmp_path / "cache")
    assert np.array_equal(data.load("cifar10").test.images, first.test.images)
    assert download.fetch("cifar10").read_bytes() == CIFAR


def test_a_read_only_cache_that_is_cold(small, tmp_path, read_only):
    server = small()
    (tmp_path / "cache").mkdir()
    read_only(tmp_path / "cache")
    with pytest.raises(FetchError, match=r"cannot be written \(.*\)\. Name another one: .*PRACTICUM_CACHE"):
        data.load("cifar10")
    assert server.requests == []


def test_a_read_only_download_folder(small, tmp_path, read_only):
    server = small()
    (tmp_path / "cache" / "downloads").mkdir(parents=True)
    read_only(tmp_path / "cache" / "downloads")
    with pytest.raises(FetchError, match=r"downloads cannot be written \(.*\)\. Name another one"):
        data.load("cifar10")
    assert server.requests == []


def test_a_cache_that_is_a_file(small, tmp_path):
    server = small()
    (tmp_path / "cache").write_text("")
    with pytest.raises(FetchError, match=r"cannot be written \(Not a directory\)"):
        data.load("cifar10")
    assert server.requests == []


def test_room_is_looked_for_before_the_first_byte_comes(server, small_disk):
    folder = small_disk("1m")
    address = server.serve("/x", Answer(BODY))
    with pytest.raises(FetchError, match=r"200 kB are to be fetched into .*, where 1\.0 MB are free\. Make room"):
        fetch(address, to=folder)
    assert server.requests == []


def test_only_what_is_missing_needs_room(server, tmp_path, monkeypatch):
    leave_part(tmp_path, BODY[:190_000])
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(
        checked_files.shutil, "disk_usage", lambda _: usage._replace(free=checked_files.SPARE_BYTES + 10_000)
    )
    assert fetch(server.serve("/x", Answer(BODY)), to=tmp_path).read_bytes() == BODY


def test_a_disk_that_fills_up_meanwhile(server, small_disk, monkeypatch):
    """Another program writes too. What has come stays, and is used when there is room again."""
    folder = small_disk("1200k")
    monkeypatch.setattr(checked_files, "SPARE_BYTES", 0)
    (folder / "other").write_bytes(b"x" * 1_050_000)
    monkeypatch.setattr(checked_files.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9e9, 0, 9e9))
    address = server.serve("/x", Answer(BODY))
    with pytest.raises(FetchError, match=r"has no room left\. Name another one"):
        fetch(address, to=folder)
    have = (folder / "x.bin.part").stat().st_size
    assert 0 < have < SIZE
    (folder / "other").unlink()
    assert fetch(address, to=folder).read_bytes() == BODY
    assert server.requests[-1].headers["range"] == f"bytes={have}-"


def test_a_limit_of_the_file_size(server, tmp_path):
    import resource

    address = server.serve("/x", Answer(BODY))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, before[1]))
    try:
        with pytest.raises(FetchError, match="has no room left"):
            fetch(address, to=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    fetch(address, to=tmp_path)
    assert server.requests[-1].sent == 50_000


def limited(size):
    """No file may grow beyond this, as on a full disk."""
    import resource

    @contextlib.contextmanager
    def limit():
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit()


def test_a_limit_that_only_the_last_bytes_meet(server, tmp_path):
    """They are written in part, which is no error; the next call is told so, and what has come is kept."""
    address = server.serve("/x", Answer(BODY))
    with limited(SIZE - 10), pytest.raises(FetchError, match="has no room left"):
        fetch(address, to=tmp_path)
    assert (tmp_path / "x.bin.part").stat().st_size == SIZE - 10
    fetch(address, to=tmp_path)
    assert server.requests[-1].sent == 10


def test_a_copy_that_is_cut_off_has_no_name_and_no_origin(tmp_path):
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "x.bin").write_bytes(BODY)
    leave_part(tmp_path / "to", OTHER[:70_000], "http://127.0.0.1/x", '"1"')
    file = wanted("http://127.0.0.1/x")
    with limited(100_000), pytest.raises(FetchError, match="has no room left"):
        checked_files.copy_file(file, tmp_path / "from" / "x.bin", tmp_path / "to")
    assert not (tmp_path / "to" / "x.bin").exists()
    assert not (tmp_path / "to" / "x.bin.part.json").exists(), "the part is not what that address sent"
    path = checked_files.copy_file(file, tmp_path / "from" / "x.bin", tmp_path / "to")
    assert path.read_bytes() == BODY
    before = path.stat().st_ino
    checked_files.copy_file(file, tmp_path / "from" / "x.bin", tmp_path / "to")
    assert path.stat().st_ino == before, "what is good is not copied again"


def test_room_for_a_copy_is_looked_for_first(tmp_path, small_disk):
    (tmp_path / "x.bin").write_bytes(BODY)
    folder = small_disk("1m")
    with pytest.raises(FetchError, match=r"200 kB are to be fetched into .*, where 1\.0 MB are free\. Make room"):
        checked_files.copy_file(wanted("http://127.0.0.1/x"), tmp_path / "x.bin", folder)
    assert not (folder / "x.bin.part").exists()


def test_a_disk_without_a_free_byte_does_not_hide_why_nothing_came(server, small_disk, monkeypatch):
    folder = small_disk("100k")
    with contextlib.suppress(OSError):
        (folder / "other").write_bytes(bytes(200_000))
    monkeypatch.setattr(checked_files.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9e9, 0, 9e9))
    with pytest.raises(FetchError, match="HTTP 404"):
        fetch_file(wanted(server.url("/gone")), folder, limits=LIMITS)


@pytest.mark.parametrize(("fault", "words"), [("ENOSPC", "has no room left"), ("EDQUOT", "has no room left"),
                                              ("EACCES", r"cannot be written \(Permission denied\)")])  # fmt: skip
def test_what_a_disk_complains_of_is_said_in_words(tmp_path, fault, words):
    number = getattr(errno, fault)
    with pytest.raises(FetchError, match=words), checked_files.disk_faults_in_words(tmp_path):
        raise OSError(number, os.strerror(number))


def test_a_proxy_is_used(server, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url(""))
    server.answers["http://data.test/x"] = [Answer(BODY)]
    fetch("http://data.test/x", to=tmp_path)
    assert server.requests[0].headers["host"] == "data.test"


def test_a_dead_proxy_is_named_without_its_password(tmp_path, monkeypatch):
    port = closed_port()
    monkeypatch.setenv("http_proxy", f"http://user:secret@127.0.0.1:{port}")
    message = assert_refused(
        "http://data.test/x",
        to=tmp_path,
        match=rf"no connection through the proxy 127\.0\.0\.1:{port} \(set in the environment as http_proxy",
    )
    assert "secret" not in message


def test_a_dead_proxy_for_everything_is_named(tmp_path, monkeypatch):
    port = closed_port()
    monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{port}")
    assert_refused("http://data.test/x", to=tmp_path, match=rf"no connection through the proxy 127\.0\.0\.1:{port}")


def test_a_proxy_that_refuses_to_connect(server, tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", server.url(""))
    server.answers["data.test:443"] = [Answer(b"no", status=403)]
    assert_refused("https://data.test/x", to=tmp_path, match="no connection through the proxy 127")


def test_no_proxy_is_respected(server, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert fetch(server.serve("/x", Answer(BODY)), to=tmp_path).read_bytes() == BODY


@pytest.mark.parametrize("value", ["foo://127.0.0.1:1", "socks5://127.0.0.1:1", "http://[nonsense", "http://:x"])
def test_a_nonsense_proxy_is_a_message(tmp_path, monkeypatch, value):
    monkeypatch.setenv("http_proxy", value)
    assert_refused("http://127.0.0.1/x", to=tmp_path, match="through the proxy ")


def test_32_processes_fetch_and_decode_once(server, tmp_path):
    address = server.serve("/x", Answer(CIFAR, speed=400_000))
    builds = tmp_path / "builds"
    order = order_for(address, body=CIFAR, call="load", processes=32, limits=PATIENT)
    process = child(order, tmp_path, BUILDS=str(builds))
    out, complaint = process.communicate(timeout=150)
    answers = out.split()
    assert len(answers) == 32, complaint
    assert len(set(answers)) == 1
    assert re.fullmatch("[0-9a-f]{64}", answers[0])
    assert len(server.requests) == 1
    assert builds.read_text() == "built\n"
    assert "another process is fetching cifar-10-binary.tar.gz; waiting for it" in complaint


def test_of_32_processes_one_finds_out_that_nothing_answers(server, tmp_path):
    address = server.serve("/x", Answer(BODY, stop_after=100, ending="stall"))
    start = time.monotonic()
    order = order_for(address, call="fetch", processes=32, limits=PATIENT)
    out, complaint = child(order, tmp_path).communicate(timeout=150)
    assert out.count("error: cifar10 is not here, and cifar-10-binary.tar.gz could not be fetched. Tried") == 32, (
        complaint
    )
    assert out.count("sent nothing for 2 s") == 32
    assert len(server.requests) <= 3 * LIMITS.rounds, "one asks, and who comes when it is over"
    assert time.monotonic() - start < 100


def test_an_earlier_failure_is_no_reason_not_to_try(server, tmp_path):
    address = server.serve("/x", Answer(status=404), Answer(BODY))
    assert_refused(address, to=tmp_path, match="HTTP 404")
    assert fetch(address, to=tmp_path).read_bytes() == BODY


# Decoding what was fetched --------------------------------------------------------------------------------------------


def test_killed_while_decoding_it_is_done_again(small, tmp_path):
    server = small()
    flag = tmp_path / "flag"
    order = order_for(server.url("/cifar"), body=CIFAR, call="load", pause_in="decode")
    process = child(order, tmp_path, STANDS_STILL=str(flag))
    wait_until(flag.exists, "half of it is decoded", process)
    kill(process)
    assert len(list((tmp_path / "cache" / "decoded").glob(".building-*"))) == 1
    dataset = data.load("cifar10")
    assert [len(split) for split in (dataset.train, dataset.validation, dataset.test)] == [90, 10, 20]
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", NAMES)
def test_damage_in_the_cache_is_repaired(small, tmp_path, name):
    server = small()
    path = download.fetch(name)
    asked = len(server.requests)
    victim = path if path.is_file() else path / "t10k-images-idx3-ubyte.gz"
    flip(victim)
    assert len(data.load(name).test) > 0
    assert len(server.requests) == asked + 1
    assert download.fetched(name) == path


def test_damage_in_the_cache_offline_says_what_is_wrong(small, monkeypatch):
    small()
    flip(download.fetch("cifar10"))
    monkeypatch.setenv("PRACTICUM_OFFLINE", "1")
    no_sockets(monkeypatch)
    with pytest.raises(ValueError, match=r"load: .* is damaged\. To fetch it again: python -m practicum fetch cifar10"):
        data.load("cifar10")


def test_damage_in_practicum_data_is_reported_and_left_alone(small, tmp_path, monkeypatch):
    server = small()
    path = download.fetch("cifar10", tmp_path / "usb")
    flip(path)
    damaged = path.read_bytes()
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "usb"))
    with pytest.raises(ValueError, match="no whole archive"):
        data.load("cifar10")
    assert path.read_bytes() == damaged
    assert len(server.requests) == 1
    assert list((tmp_path / "cache" / "decoded").glob("*/dataset.json")) == []


def test_a_file_of_the_wrong_size_in_the_cache_is_not_used(small):
    small()
    path = download.fetch("cifar10")
    path.write_bytes(CIFAR[:1000])
    assert len(data.load("cifar10").test) == 20
    assert path.read_bytes() == CIFAR


# Archives -------------------------------------------------------------------------------------------------------------


def tar_member(name, kind, link="", mode=0o644):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info, b""


def tar_file(name, content=b"x" * 3073):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info, content


BAD_TAR = {
    "up": (tar_file("../data_batch_1.bin"), "has a path that leads out"),
    "up from within": (tar_file("a/../../data_batch_1.bin"), "has a path that leads out"),
    "absolute": (tar_file("/tmp/data_batch_1.bin"), "has a path that leads out"),
    "backslashes": (tar_file("..\\data_batch_1.bin"), "has a path that leads out"),
    "drive": (tar_file("C:/data_batch_1.bin"), "has a path that leads out"),
    "symbolic link": (tar_member("data_batch_1.bin", tarfile.SYMTYPE, "/etc/passwd"), "is a symbolic link"),
    "hard link": (tar_member("data_batch_1.bin", tarfile.LNKTYPE, "test_batch.bin"), "is a hard link"),
    "character device": (tar_member("zero", tarfile.CHRTYPE), "is a device"),
    "block device": (tar_member("sda", tarfile.BLKTYPE), "is a device"),
    "pipe": (tar_member("pipe", tarfile.FIFOTYPE), "is a named pipe"),
    "sparse": (tar_member("sparse", tarfile.GNUTYPE_SPARSE), "is a sparse file"),
    "unknown": (tar_member("strange", b"Z"), "is of an unknown kind"),
}  # fmt: skip


def everything_under(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("kind", BAD_TAR)
def test_a_tar_with_a_member_that_no_dataset_has(tmp_path, monkeypatch, kind):
    (info, content), why = BAD_TAR[kind]
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "cifar-10-binary.tar.gz").write_bytes(tar_of(cifar_members(), more=[(info, content)]))
    monkeypatch.setenv("PRACTICUM_DATA", str(shelf))
    before = everything_under(shelf)
    with pytest.raises(archives.ArchiveError, match=re.escape(f"its member {info.name!r}") + f".*{why}|{why}"):
        data.load("cifar10")
    assert everything_under(shelf) == before
    assert list((tmp_path / "cache" / "decoded").glob("*/*")) == []
    assert not Path("/tmp/data_batch_1.bin").exists()


def zip_info(name, mode=0, system=3):
    info = zipfile.ZipInfo("x")
    info.filename = info.orig_filename = name
    info.external_attr, info.create_system = mode << 16, system
    return info


BAD_ZIP = {
    "up": (zip_info("../cat.jpg"), "has a path that leads out"),
    "absolute": (zip_info("/tmp/cat.jpg"), "has a path that leads out"),
    "up with backslashes": (zip_info("a\\..\\..\\cat.jpg"), "has a path that leads out"),
    "drive": (zip_info("C:\\cat.jpg"), "has a path that leads out"),
    "zero byte": (zip_info("cat.jpg\0.exe"), "has a path that leads out"),
    "symbolic link": (
        zip_info("cats_and_dogs_filtered/train/cats/link.jpg", stat.S_IFLNK | 0o777),
        "is a symbolic link",
    ),
    "device": (zip_info("zero", stat.S_IFCHR | 0o644), "is a device"),
}


@pytest.mark.parametrize("kind", BAD_ZIP)
@pytest.mark.parametrize("fetched", [True, False], ids=["fetched", "found"])
def test_a_zip_with_a_member_that_no_dataset_has(small, tmp_path, monkeypatch, kind, fetched):
    info, why = BAD_ZIP[kind]
    body = zip_of(cats_members(), more=[(info, b"/etc/passwd")])
    small(cats=[Answer(body)])
    if not fetched:
        (tmp_path / "shelf").mkdir()
        (tmp_path / "shelf" / "cats_and_dogs_filtered.zip").write_bytes(body)
        monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "shelf"))
    with pytest.raises(ValueError, match=f"its member .*{why}"):
        data.load("cats_vs_dogs")
    assert download.fetched("cats_vs_dogs") is None
    assert not Path("/tmp/cat.jpg").exists()


def test_a_tar_with_a_sparse_file_of_the_newer_kind(tmp_path):
    """Only its extended header tells."""
    info = tarfile.TarInfo("sparse")
    info.size, info.pax_headers = 4, {"GNU.sparse.map": "0,4", "GNU.sparse.size": "4"}
    with tarfile.open(tmp_path / "x.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(b"data"))
    with pytest.raises(archives.ArchiveError, match="its member 'sparse' is a sparse file"):
        archives.check(tmp_path / "x.tar")


def test_what_only_looks_odd_in_an_archive_is_taken(tmp_path):
    """Dots within a name; a mode that only Unix gives a sense; folders; a .tar.gz that is not packed."""
    names = ("cat..jpg", "a..b/c.jpg", "..cat/x.jpg", "cat: a tale.jpg")
    folder = zip_info("cats/", stat.S_IFDIR | 0o755)
    body = zip_of(dict.fromkeys(names, b"x"), more=[(zip_info("dos.jpg", stat.S_IFLNK, system=0), b"x"), (folder, b"")])
    (tmp_path / "x.zip").write_bytes(body)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        members = archives.check_zip(archive, tmp_path / "x.zip", most_bytes=5)
        assert [member.filename for member in members] == [*names, "dos.jpg"]
        with pytest.raises(archives.ArchiveError, match="unpacks to 1 bytes, 5 with those before it, where at most 4 "):
            archives.check_zip(archive, tmp_path / "x.zip", most_bytes=4)
    packed = tar_of(dict.fromkeys(names, b"x"))
    (tmp_path / "x.tar").write_bytes(packed)
    (tmp_path / "y.tar.gz").write_bytes(gzip.decompress(packed))
    for path in (tmp_path / "x.tar", tmp_path / "y.tar.gz"):
        with archives.open_tar(path) as archive:
            assert [member.name for member in archives.check_tar(archive, path, most_bytes=4)] == list(names)


def test_a_drive_in_small_letters_leads_out_too(tmp_path):
    (tmp_path / "x.zip").write_bytes(zip_of({}, more=[(zip_info("c:\\cat.jpg"), b"x")]))
    with pytest.raises(archives.ArchiveError, match="has a path that leads out"):
        archives.check(tmp_path / "x.zip")


def test_a_zip_of_a_version_that_nobody_knows(tmp_path):
    body = bytearray(zip_of({"cat.jpg": b"x"}))
    body[body.index(b"PK\x01\x02") + 6] = 99
    (tmp_path / "x.zip").write_bytes(body)
    with pytest.raises(ValueError, match=r"x\.zip is no whole archive \(zip file version 9\.9"):
        archives.check(tmp_path / "x.zip")


def test_a_gzip_file_may_be_as_large_as_allowed(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"12345"))
    assert archives.gunzip(tmp_path / "x.gz", 5) == b"12345"
    with pytest.raises(archives.ArchiveError, match="unpacks to more than 4 bytes"):
        archives.gunzip(tmp_path / "x.gz", 4)


def test_an_encrypted_zip(tmp_path):
    body = bytearray(zip_of(cats_members()))
    body[body.rfind(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "x.zip").write_bytes(body)
    with pytest.raises(archives.ArchiveError, match=r"its member '.*dog\.5\.jpg' is encrypted"):
        archives.check(tmp_path / "x.zip")


@pytest.fixture(scope="module")
def zeros():
    """300 MB that are 0.3 MB when packed."""
    return bytes(300_000_000)


def bombs(zeros):
    return {
        "wanted member": lambda: tar_of({"data_batch_1.bin": zeros}),
        "other member": lambda: tar_of(cifar_members(), more=[tar_file("zeros", zeros)]),
        "many members": lambda: tar_of({f"{number}": zeros[:50_000_000] for number in range(6)}),
        "header": lambda: extended_header(zeros),
        "behind the end": lambda: gzip.compress(gzip.decompress(CIFAR) + zeros, 1),
    }


def extended_header(zeros):
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, len(zeros)
    return gzip.compress(info.tobuf() + zeros, 1)


@pytest.mark.parametrize("kind", ["wanted member", "other member", "many members", "header", "behind the end"])
def test_a_tar_bomb_is_not_unpacked(tmp_path, monkeypatch, zeros, kind):
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(bombs(zeros)[kind]())
    assert path.stat().st_size < 3_500_000
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path))
    tracemalloc.start()
    try:
        with pytest.raises(archives.ArchiveError, match=r"unpacks to|has a piece of 300,000,") as caught:
            data.load("cifar10")
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
    if "member" in kind:
        assert re.search("its member '(data_batch_1.bin|zeros|4)'", str(caught.value))


def test_a_gzip_bomb_is_not_unpacked(small, tmp_path, monkeypatch, zeros):
    small()
    path = download.fetch("fashion_mnist", tmp_path / "shelf")
    (path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(zeros))
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "shelf"))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz unpacks to more than 100,000,000 bytes"):
            data.load("fashion_mnist")
        assert tracemalloc.get_traced_memory()[1] < 250_000_000
    finally:
        tracemalloc.stop()


def test_a_zip_bomb_is_not_unpacked(small, zeros):
    body = zip_of(cats_members(), more=[("cats_and_dogs_filtered/train/cats/zeros.jpg", zeros)])
    server = small(cats=[Answer(body)])
    tracemalloc.start()
    try:
        with pytest.raises(
            FetchError, match=r"its member 'cats_and_dogs_filtered/train/cats/zeros\.jpg' unpacks to 300,000,000"
        ):
            data.load("cats_vs_dogs")
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
    assert len(server.requests) == 1


def test_a_checksum_behind_the_last_member_is_compared(tmp_path, monkeypatch):
    """Reading a tar stops at its end mark, before the gzip file's checksum."""
    damaged = bytearray(CIFAR)
    damaged[-8] ^= 255
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(damaged)
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"no whole archive \(CRC"):
        data.load("cifar10")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (bytes([0, 0, 8, 200]), "no IDX file of bytes"),
        (bytes([0, 0, 8, 0]), "no IDX file of bytes"),
        (bytes([0, 0, 8, 3]) + np.array([-1, 28, -28], ">i4").tobytes() + bytes(784), "its header says"),
        (bytes([0, 0, 8, 3]) + np.array([2**31 - 1] * 3, ">i4").tobytes() + bytes(784), "its header says"),
        (bytes([0, 0, 8, 1]) + np.array([9], ">i4").tobytes(), "holds 0 bytes but its header says"),
    ],
)
def test_idx_headers_that_lie(tmp_path, head, message):
    (tmp_path / "x.gz").write_bytes(gzip.compress(head))
    with pytest.raises(ValueError, match=message):
        formats.read_idx(tmp_path / "x.gz")


def test_idx_that_is_damaged_inside(tmp_path):
    flip_to = tmp_path / "x.gz"
    flip_to.write_bytes(idx(np.random.default_rng(0).integers(0, 9, (50, 28, 28)).astype(np.uint8)))
    flip(flip_to)
    with pytest.raises(ValueError, match="no whole gzip file"):
        formats.read_idx(flip_to)


# Photos, whose hash nobody has published ------------------------------------------------------------------------------


def test_the_hash_of_good_photos_is_written_down(small):
    small()
    path = download.fetch("cats_vs_dogs")
    assert Path(f"{path}.sha256").read_text() == f"{sha(CATS)}  cats_and_dogs_filtered.zip\n"
    dataset = data.load("cats_vs_dogs")
    assert dataset.class_names == ("cats", "dogs")
    assert len(dataset.validation) + len(dataset.train) + len(dataset.test) == 36


def cut_photo():
    members = cats_members()
    name = "cats_and_dogs_filtered/validation/dogs/dog.3.jpg"
    return {**members, name: members[name][:-40]}


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (zip_of(dict(list(cats_members().items())[1:])), r"holds \{'train': 23, 'validation': 12\} photos, expected"),
        (zip_of(cut_photo()), r"is no whole zip of photos \(.*truncated"),
        (flipped(CATS), "is no whole zip of photos"),
        (b"no zip at all", "is no whole zip of photos"),
        (zip_of({}), r"holds \{\} photos"),
    ],
    ids=["few", "cut off", "checksum", "no zip", "empty"],
)  # fmt: skip
def test_photos_that_are_not_as_they_should_be(small, body, why):
    small(cats=[Answer(body)])
    with pytest.raises(FetchError, match=why):
        download.fetch("cats_vs_dogs")
    downloads = places.download_folder()
    assert not (downloads / "cats_and_dogs_filtered.zip").exists()
    assert not (downloads / "cats_and_dogs_filtered.zip.sha256").exists()


@pytest.mark.parametrize("written", [b"rubbish", b"", b"\xff\xfe", sha(CATS).upper().encode()])
def test_a_hash_that_is_none_is_not_compared(small, written):
    """The photos are looked at instead, as when they are fetched."""
    server = small()
    path = download.fetch("cats_vs_dogs")
    Path(f"{path}.sha256").write_bytes(written)
    assert download.fetch("cats_vs_dogs") == path
    assert len(server.requests) == 1


def packed_oddly():
    """A zip whose first member is packed in a way that nobody knows."""
    body = bytearray(CATS)
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        body[body.index(mark) + place] = 77
    return bytes(body)


def broken_png():
    """A PNG in whose pixels stands a chunk without a name."""
    content = encoded(picture(0))
    place, length, _ = next(chunk for chunk in png_chunks(content) if chunk[2] == b"IDAT")
    pixels = content[place + 8 : place + length - 4]
    parts = png_chunk(b"IDAT", pixels[:500]) + png_chunk(b"\0\1\2\3", pixels[500:])
    return content[:place] + parts + content[place + length :]


def wordy_png():
    """A PNG with a note that unpacks to more than Pillow reads, which it says with a ValueError."""
    content = encoded(picture(0))
    place = next(chunk[0] for chunk in png_chunks(content) if chunk[2] == b"IDAT")
    note = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2_000_000)))
    return content[:place] + note + content[place:]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (packed_oddly(), "is no whole zip of photos .*compression"),
        (
            zip_of({**cats_members(), "x/train/cats/x.jpg": broken_png()}),
            r"is no whole zip of photos \(broken PNG",
        ),
        (
            zip_of({**cats_members(), "x/train/cats/x.jpg": wordy_png()}),
            r"is no whole zip of photos \(Decompressed data too large",
        ),
        (zip_of({**cats_members(), "x/train/cats/x.jpg": large_jpeg(60_000, 60_000)}), "is no whole zip of .*pixels"),
        (zip_of({**cats_members(), "x/train/cats/X.JPG": photo(99, (9, 9, 99))}), r"holds \{'train': 25, 'valid"),
    ],
    ids=["packed oddly", "a PNG, broken", "a PNG, wordy", "3,600 megapixels", "one more, in capitals"],
)
def test_photos_with_which_nobody_reckoned(small, body, why):
    small(cats=[Answer(body)])
    with pytest.raises(FetchError, match=why):
        download.fetch("cats_vs_dogs")
    assert not (places.download_folder() / "cats_and_dogs_filtered.zip").exists()


def test_photos_are_counted_by_the_folder_of_their_class_folder(tmp_path):
    """However the archive is wrapped; a picture at its top is none of them."""
    members = {name.partition("/")[2]: content for name, content in cats_members().items()}
    (tmp_path / "x.zip").write_bytes(zip_of({**members, "cover.jpg": photo(99, (9, 9, 99))}))
    download.check_photos(tmp_path / "x.zip", PHOTOS)
    members["train/photo.jpg"] = photo(98, (9, 99, 9))
    (tmp_path / "y.zip").write_bytes(zip_of({f"a/b/{name}": content for name, content in members.items()}))
    with pytest.raises(ValueError, match=r"'b': 1"):
        download.check_photos(tmp_path / "y.zip", PHOTOS)


def test_photos_that_change_on_the_disk_are_found_out(small):
    server = small()
    path = download.fetch("cats_vs_dogs")
    tail = bytearray(CATS)
    tail[-1:] = b""
    path.write_bytes(tail + b"!")  # a zip's comment: every photo can still be decoded
    download.fetch("cats_vs_dogs")
    assert path.read_bytes() == CATS
    assert len(server.requests) == 2


def test_photos_that_change_at_their_origin_are_not_taken_silently(small):
    small()
    path = download.fetch("cats_vs_dogs")
    path.unlink()
    changed = zip_of({**cats_members(), "cats_and_dogs_filtered/vectorize.py": b"# a script, a little different!"})
    small(cats=[Answer(changed)])
    with pytest.raises(
        FetchError, match=rf"expected {sha(CATS)} \(found when it was first fetched; to accept another: rm"
    ):
        download.fetch("cats_vs_dogs")
    Path(f"{path}.sha256").unlink()
    assert download.fetch("cats_vs_dogs").read_bytes() == changed


# Asking for it --------------------------------------------------------------------------------------------------------


def run(*arguments, capsys):
    status = cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_fetch_prints_one_json_object(small, tmp_path, capsys):
    small()
    status, out, err = run("fetch", "--all", "--to", tmp_path / "usb", "--json", capsys=capsys)
    assert status == 0
    assert out.count("\n") == 1
    assert json.loads(out) == {
        "fetched": {name: str(tmp_path / "usb" / data.FINDABLE[name][0]) for name in NAMES},
        "failed": {},
    }
    assert "fetching cifar-10-binary.tar.gz" in err


def test_fetch_says_how_the_folder_is_used(small, tmp_path, monkeypatch, capsys):
    small()
    monkeypatch.chdir(tmp_path)
    status, out, _ = run("fetch", "cifar10", "cifar10", "--to", "usb", capsys=capsys)
    assert status == 0
    assert out.splitlines() == [
        f"cifar10: {Path('usb/cifar-10-binary.tar.gz')}",
        f"To use it, set the environment variable PRACTICUM_DATA={tmp_path / 'usb'}",
    ]


def test_one_dataset_that_fails_does_not_keep_the_others(small, capsys):
    small(cifar=[Answer(status=404)])
    status, out, err = run("fetch", "--all", "--json", capsys=capsys)
    assert status == 1
    answer = json.loads(out)
    assert set(answer["fetched"]) == {"fashion_mnist", "cats_vs_dogs"}
    assert set(answer["failed"]) == {"cifar10"}
    assert re.search(rf"^practicum: cifar10 is not here, and .*HTTP 404.*{THREE_WAYS}$", err.splitlines()[-1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cifar"], f"'cifar' is none of the datasets that can be fetched: {', '.join(NAMES)}. Did you mean cifar10?"),
        (["cifar10", "emoji"], "emoji comes with the course, there is nothing to fetch."),
        ([], "name datasets, or give --all: cifar10, fashion_mnist, cats_vs_dogs"),
        (["cifar10", "--all"], "name datasets, or give --all: cifar10"),
    ],
)  # fmt: skip
def test_wrong_use_is_answered_before_anything_is_fetched(small, arguments, message, capsys):
    server = small()
    status, out, err = run("fetch", *arguments, capsys=capsys)
    assert (status, out) == (2, "")
    assert err.startswith("practicum: fetch: " + message)
    assert err.count("\n") == 1
    assert server.requests == []


def test_fetch_offline_is_unusable_input(small, monkeypatch, capsys):
    small()
    monkeypatch.setenv("PRACTICUM_OFFLINE", "1")
    no_sockets(monkeypatch)
    status, out, err = run("fetch", "cifar10", capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)


def test_an_interrupted_fetch_says_that_it_goes_on(small, monkeypatch, capsys):
    small()

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "fetch", interrupt)
    status, _, err = run("fetch", "cifar10", capsys=capsys)
    assert status == 1
    assert err == "practicum: interrupted; what has come is kept, and the same command goes on from there\n"


def test_train_with_data_that_cannot_be_fetched(small, capsys, tmp_path):
    small(cifar=[Answer(status=500)])
    status, out, err = run("train", "--data", "cifar10", "--out", tmp_path / "run", capsys=capsys)
    assert (status, out) == (1, "")
    assert re.search(rf"^practicum: load: cifar10 is not here, and .*HTTP 500.*{THREE_WAYS}$", err.splitlines()[-1])


# The table ------------------------------------------------------------------------------------------------------------


def shipped():
    return {file.name: file for dataset in download.DATASETS.values() for file in dataset.files}


def test_the_table_has_what_is_known_of_the_files():
    files = shipped()
    assert {name: file.size for name, file in files.items()} == {
        "cifar-10-binary.tar.gz": 170_052_171,
        "train-images-idx3-ubyte.gz": 26_421_856,
        "train-labels-idx1-ubyte.gz": 29_491,
        "t10k-images-idx3-ubyte.gz": 4_422_079,
        "t10k-labels-idx1-ubyte.gz": 5_125,
        "cats_and_dogs_filtered.zip": 68_606_236,
    }
    assert [name for name, file in files.items() if file.sha256 is None] == ["cats_and_dogs_filtered.zip"]
    for file in files.values():
        assert len(set(file.addresses)) == len(file.addresses)
        for address in file.addresses:
            assert re.fullmatch(r"https?://[^\s/]+/\S+", address)
            assert address.endswith("/" + file.name)
            assert file.sha256 or address.startswith("https:"), "where no hash guards it, the connection must"
    assert {name: places.FINDABLE[name][0] for name in download.DATASETS} == {
        name: dataset.folder or dataset.files[0].name for name, dataset in download.DATASETS.items()
    }


def test_the_hashes_of_fashion_mnist_are_those_of_its_files(shared_data, monkeypatch):
    monkeypatch.setenv("PRACTICUM_DATA", BROUGHT)
    folder = shared_data("fashion-mnist")
    for file in download.DATASETS["fashion_mnist"].files:
        assert checked_files.is_good(file, folder / file.name)


def test_what_is_brought_goes_to_a_stick_without_network(shared_data, monkeypatch, tmp_path):
    monkeypatch.setenv("PRACTICUM_DATA", BROUGHT)
    shared_data("fashion-mnist")
    no_sockets(monkeypatch)
    assert len(list(download.fetch("fashion_mnist", tmp_path).glob("*.gz"))) == 4
