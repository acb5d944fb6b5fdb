"""What a .tar holds and where: the quick way."""

import tarfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

BLOCK = 512  # bytes; of such a .tar is made
NAME, SIZE, SUM = slice(0, 100), slice(124, 136), slice(148, 156)  # where in a header they stand
KIND, MAGIC, PREFIX = 156, slice(257, 262), slice(345, 500)
KINDS = {kind[0]: kind for kind in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE)}


class Member(NamedTuple):
    """A member of a .tar: kind as in tarfile; where its content begins and how long it is; what a link leads to."""

    name: str
    kind: bytes
    offset: int
    size: int
    target: str = ""


def member_of(entry: tarfile.TarInfo) -> Member:
    """What Python's tarfile found, in the same form."""
    kind = tarfile.GNUTYPE_SPARSE if entry.issparse() else entry.type
    return Member(entry.name, kind, entry.offset_data, entry.size, entry.linkname)


def quick_list(origin: Path) -> list[Member] | None:
    """The members of a .tar that holds nothing but files and folders with short names; None for any other archive.

    (Python's own tarfile needs as long to list 55,000 small images as two cores need to decode them.)

    Raises:
        tarfile.ReadError: it ends too early.
    """
    count = origin.stat().st_size // BLOCK
    if not count:
        return None
    blocks = np.memmap(origin, np.uint8, "r", shape=(count, BLOCK))
    rows = np.flatnonzero((blocks[:, MAGIC] == np.frombuffer(b"ustar", np.uint8)).all(1))
    heads = blocks[rows]
    sizes = _octal(heads[:, SIZE])
    if sizes is None:
        return None
    sizes[heads[:, KIND] == ord(tarfile.DIRTYPE)] = 0
    # Each header has to follow the content of the one before. Where one does not, it may be that the content of a file
    # looks like a header, or one is unusual.
    following = rows + 1 + (sizes + BLOCK - 1) // BLOCK
    if not len(rows) or rows[0] != 0 or (following[:-1] != rows[1:]).any():
        return None
    if following[-1] >= len(blocks):
        raise tarfile.ReadError("its end is missing")  # which tarfile takes for an end
    if blocks[following[-1], 0] or not np.isin(heads[:, KIND], list(KINDS)).all() or not _sums_fit(heads):
        return None
    try:
        names = _names(heads)
    except UnicodeDecodeError:
        return None
    kinds = heads[:, KIND].tobytes()
    offsets = (rows + 1) * BLOCK
    return [
        Member(name, _kind(code, name), offset, size)
        for name, code, offset, size in zip(names, kinds, offsets.tolist(), sizes.tolist(), strict=True)
    ]


def _kind(code: int, name: str) -> bytes:
    if code == 0 and name.endswith("/"):
        return tarfile.DIRTYPE  # as very old programs wrote folders
    return KINDS[code]


def _names(heads: np.ndarray) -> list[str]:
    """The members' names, by their headers.

    Raises:
        UnicodeDecodeError: they are in no writing that is known here.
    """
    names = [name.decode("utf-8") for name in _texts(heads[:, NAME])]
    for row in np.flatnonzero(heads[:, PREFIX.start]).tolist():
        (prefix,) = _texts(heads[row : row + 1, PREFIX])
        names[row] = f"{prefix.decode('utf-8')}/{names[row]}"
    return names


def _texts(fields: np.ndarray) -> list[bytes]:
    """uint8 (N, length) -> N texts, each up to its first zero."""
    length = fields.shape[1]
    whole = fields.tobytes()
    return [whole[start : start + length].partition(b"\0")[0] for start in range(0, len(whole), length)]


def _octal(fields: np.ndarray) -> np.ndarray | None:
    """uint8 (N, digits) -> int64 (N,): the number that each row writes; None where one has anything but digits.

    The digits end with the first zero byte or blank; nothing but these may follow.
    """
    digits = fields - np.uint8(ord("0"))  # what is no digit becomes 8 or more
    is_digit = digits < 8
    if ((fields != 0) & (fields != ord(" ")) & ~is_digit).any() or (is_digit[:, 1:] > is_digit[:, :-1]).any():
        return None
    numbers = np.zeros(len(fields), np.int64)
    for column in range(fields.shape[1]):
        numbers = np.where(is_digit[:, column], numbers * 8 + digits[:, column], numbers)
    return numbers


def _sums_fit(heads: np.ndarray) -> bool:
    """Whether each of these headers has the sum of its bytes that it says."""
    written = _octal(heads[:, SUM])
    sums = heads.sum(1, dtype=np.int64) - heads[:, SUM].sum(1, dtype=np.int64) + 8 * ord(" ")
    return written is not None and bool((written == sums).all())
