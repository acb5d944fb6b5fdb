"""What kind of file bytes are, and whether they are all there, found out before a decoder sees them."""

import struct
import zlib

HEAD = 512  # bytes that are enough to tell the kind
ENDINGS = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    ".png": "PNG",
    **dict.fromkeys((".bmp", ".dib"), "BMP"),
    ".gif": "GIF",
    ".webp": "WEBP",
}
BEGINNINGS = {"JPEG": (b"\xff\xd8\xff",), "PNG": (b"\x89PNG\r\n\x1a\n",), "GIF": (b"GIF87a", b"GIF89a")}
BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)  # lengths that its second header may have

# Beginnings of what is not read: (bytes, where they stand, reason, what it is called).
NOT_READ = (
    (b"II*\0", 0, "other_format", "TIFF"),
    (b"MM\0*", 0, "other_format", "TIFF"),
    (b"II+\0", 0, "other_format", "TIFF"),
    (b"8BPS", 0, "other_format", "Photoshop"),
    (b"\0\0\1\0", 0, "other_format", "an icon"),
    (b"\0\0\0\x0cjP  ", 0, "other_format", "JPEG 2000"),
    (b"\0\0\0\x0cJXL ", 0, "other_format", "JPEG XL"),
    (b"\xff\x0a", 0, "other_format", "JPEG XL"),
    (b"%PDF", 0, "other_format", "PDF"),
    (b"%!PS", 0, "other_format", "PostScript"),
    (b"AVI ", 8, "video", "AVI"),
    (b"\x1aE\xdf\xa3", 0, "video", "Matroska or WebM"),
    (b"PK\3\4", 0, "no_image", "a zip archive: unpack it"),
    (b"\x1f\x8b", 0, "no_image", "a gzip archive: unpack it"),
    (b"Rar!", 0, "no_image", "a RAR archive: unpack it"),
    (b"7z\xbc\xaf", 0, "no_image", "a 7z archive: unpack it"),
)
CAMERA_RAW = (".cr2", ".cr3", ".nef", ".arw", ".dng", ".orf", ".rw2", ".raf")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def ending_of(path: str) -> str:
    """The ending of a file's name in small letters, with its dot; "" where it has none."""
    name = path[path.rfind("/") + 1 :]
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


def kind_of(head: bytes) -> str | None:
    """ "JPEG", "PNG", "GIF", "BMP" or "WEBP", told by a file's first bytes; None for anything else."""
    if head[:3] == b"\xff\xd8\xff":  # most are
        return "JPEG"
    for kind, beginnings in BEGINNINGS.items():
        if head.startswith(beginnings):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    # Two letters alone would make an image of a text about BMWs.
    if head[:2] == b"BM" and len(head) >= 18 and struct.unpack_from("<I", head, 14)[0] in BMP_HEADERS:
        return "BMP"
    return None


def why_no_image(head: bytes, ending: str = "") -> tuple[str, str]:
    """Reason and detail for a file that is none of the five kinds, by its first bytes (HEAD of them) and ending."""
    if not head:
        return "empty", ""
    if len(head) < 18 and _may_begin_an_image(head):
        return "cut_short", f"{len(head)} bytes"
    if head[4:8] == b"ftyp":
        return _of_boxes(head)
    for beginning, place, reason, name in NOT_READ:
        if head.startswith(beginning, place):
            return reason, "camera raw" if name == "TIFF" and ending in CAMERA_RAW else name
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or _is_text(head):
        return _of_text(head)
    return "no_image", ""


def _may_begin_an_image(head: bytes) -> bool:
    if any(beginning.startswith(head) for beginnings in BEGINNINGS.values() for beginning in beginnings):
        return True
    return head[:4] == b"RIFF" or (head[:2] == b"BM" and not _is_text(head))


def _of_boxes(head: bytes) -> tuple[str, str]:
    """Of the family to which phones' photos and videos belong."""
    brands = head[8:12] + head[16:64]
    if b"avif" in brands or b"avis" in brands:
        return "other_format", "AVIF"
    if head[8:12] in HEIC_BRANDS or any(brand in brands for brand in HEIC_BRANDS[:4]):
        return "heic", ""
    if head[8:11] == b"crx":
        return "other_format", "camera raw"
    return "video", "MP4 or MOV"


def _of_text(head: bytes) -> tuple[str, str]:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"<svg" in start:
        return "other_format", "SVG"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "web_page", ""
    if start.startswith(b"version https://git-lfs"):
        return "pointer", ""
    return "text", ""


def _is_text(head: bytes) -> bool:
    """Whether there are only letters, spaces and line ends, in whatever encoding."""
    return not any(byte < 32 and byte not in b"\t\n\f\r\x1b" for byte in head) and b"\x7f" not in head


def size_of(kind: str, content: bytes) -> tuple[int, int] | None:
    """(width, height) that the header gives; None for JPEG, whose header Pillow reads without taking memory."""
    if kind == "PNG" and len(content) >= 24:
        return struct.unpack_from(">II", content, 16)
    if kind == "GIF" and len(content) >= 10:
        return struct.unpack_from("<HH", content, 6)
    if kind == "BMP" and len(content) >= 26:
        if content[14] == 12:
            return struct.unpack_from("<HH", content, 18)
        width, height = struct.unpack_from("<ii", content, 18)
        return width, abs(height)  # rows from top to bottom count as negative
    if kind == "WEBP" and len(content) >= 30:
        if content[12:16] == b"VP8X":
            return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
        if content[12:16] == b"VP8L":
            bits = int.from_bytes(content[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def plain_jpeg(content: bytes) -> tuple[int, int, int] | None:
    """(width, height, channels) of a JPEG without a camera's notes and with the usual colours; None for any other."""
    place = 2
    while place + 10 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker in (0xC0, 0xC1, 0xC2):  # the header of a picture
            bits, height, width, channels = struct.unpack_from(">BHHB", content, place + 4)
            return (width, height, channels) if bits == 8 and channels in (1, 3) and width and height else None
        if marker not in (0xDB, 0xC4, 0xDD, 0xE0, 0xFE):  # tables, steps, the header of JFIF, a comment
            return None
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return None


def fault_of(kind: str, content: bytes) -> str | None:
    """ "cut_short" for a file that ends too early, "damaged" for one that was changed; None for a whole one.

    Decoders do not always tell: they are content with the pixels, or fill up what is missing.
    """
    if kind == "PNG":
        return _png_fault(content)
    if kind == "JPEG" and content.endswith(b"\xff\xd9"):
        return None  # unless the decoder is not content: see has_its_end
    return None if _IS_WHOLE[kind](content) else "cut_short"


def has_its_end(kind: str, content: bytes) -> bool:
    """Whether a file that could not be decoded is there to its end."""
    return kind != "JPEG" or _jpeg_is_whole(content)


def _jpeg_is_whole(content: bytes) -> bool:
    """Whether the end marker follows the picture. (A smaller picture in its header may have an end marker too.)"""
    place = 2
    while place + 4 <= len(content):
        if content[place] != 0xFF:
            return content.endswith(b"\xff\xd9")  # decoders skip what should not be there
        marker = content[place + 1]
        if marker == 0xDA:
            return content.find(b"\xff\xd9", place) > 0
        place += 1 if marker == 0xFF else 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return False


def _png_fault(content: bytes) -> str | None:
    """Whether all its chunks are there, and those with pixels have their checksums."""
    place = 8
    while place + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        if name == b"IEND":
            return None
        end = place + 8 + length
        if name == b"IDAT" and content[end : end + 4] != struct.pack(
            ">I", zlib.crc32(memoryview(content)[place + 4 : end])
        ):
            return "damaged" if end + 4 <= len(content) else "cut_short"
        place = end + 4
    return "cut_short"


def _bmp_is_whole(content: bytes) -> bool:
    offset, header, size = _bmp_sizes(content)
    return len(content) >= 14 + header and len(content) >= offset + size


def _bmp_sizes(content: bytes) -> tuple[int, int, int]:
    """Where its pixels begin, the length of its second header, and how many bytes its pixels take."""
    offset, header = struct.unpack_from("<II", content, 10)
    width, height = size_of("BMP", content) or (0, 0)
    if header == 12:
        bits = struct.unpack_from("<H", content, 24)[0] if len(content) >= 26 else 0
        return offset, header, (width * bits + 31) // 32 * 4 * height
    if len(content) < 38:
        return offset, header, 0
    bits, packing, size = struct.unpack_from("<HII", content, 28)
    rows = (width * bits + 31) // 32 * 4 * height
    return offset, header, size if packing in (1, 2) else rows  # 1, 2: run lengths


def gif_frames(content: bytes) -> int:
    """How many pictures a GIF holds; 0 where it ends before its end mark."""
    try:
        place = 13 + _palette(content[10])
        frames = 0
        while content[place] != 0x3B:
            if content[place] == 0x2C:
                frames += 1
                place += 10 + _palette(content[place + 9]) + 1
            elif content[place] == 0x21:
                place += 2
            else:
                return frames  # other bytes between the pictures: viewers stop here, too
            while content[place]:  # pieces of up to 255 bytes each
                place += content[place] + 1
            place += 1
    except IndexError:
        return 0
    return frames


def _palette(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _webp_is_whole(content: bytes) -> bool:
    return len(content) >= 8 + int.from_bytes(content[4:8], "little")


_IS_WHOLE = {
    "JPEG": _jpeg_is_whole,
    "BMP": _bmp_is_whole,
    "GIF": lambda content: gif_frames(content) > 0,
    "WEBP": _webp_is_whole,
}
