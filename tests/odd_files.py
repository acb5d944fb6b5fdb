"""Images, whole and broken, as bytes, and folders of them: what test_audit and test_decoding are fed."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def picture(seed, side=24):
    """A picture that no other seed's looks like: coloured patches with soft borders."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 6, 3)).astype(np.uint8)
    return Image.fromarray(patches).resize((side, side), Image.Resampling.BICUBIC)


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def large_png(width, height):
    """A PNG of so many white or black pixels, as small as it gets."""
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + (width + 7) // 8)
    rows = b"".join(packer.compress(row * 100) for _ in range(height // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = png_chunk(b"IHDR", header), png_chunk(b"IDAT", rows), png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_with(image, name, data):
    """A PNG with one more chunk before its pixels."""
    whole = encoded(image)
    place = whole.index(b"IDAT") - 4
    return whole[:place] + png_chunk(name, data) + whole[place:]


def png_chunks(content):
    """(place, whole length, name) of each chunk."""
    place = 8
    while place < len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        yield place, length + 12, name
        place += length + 12


def large_jpeg(width, height):
    """A small JPEG whose header says that it is large."""
    content = encoded(picture(0), "JPEG")
    place = content.index(b"\xff\xc0") + 5
    return content[:place] + struct.pack(">HH", height, width) + content[place + 4 :]


def jpeg_with_thumbnail(image):
    """A JPEG that holds another JPEG, with an end marker of its own, in its header: as cameras write it."""
    inner = encoded(image.resize((8, 8)), "JPEG")
    data = b"Exif\0\0" + b"II*\0\x08\0\0\0\0\0\0\0\0\0" + inner
    whole = encoded(image, "JPEG")
    return whole[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + whole[2:]


def rle_bmp(width, height):
    """A BMP packed by run lengths: each row of one colour, after its end the end of the picture."""
    pixels = b"".join(bytes([width, row % 2, 0, 0]) for row in range(height)) + b"\0\1"
    palette = bytes([0, 0, 255, 0, 255, 0, 0, 0]) + bytes(4 * 254)
    offset = 14 + 40 + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(pixels), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) + info + palette + pixels


def boxes(brand, compatible=b""):
    """The beginning of a file of the family of HEIC, AVIF and MP4."""
    data = brand + b"\0\0\0\0" + compatible
    return struct.pack(">I", len(data) + 8) + b"ftyp" + data + b"\0\0\0\x08mdat" + bytes(100)


def make_folder(root, class_names=("cat", "dog"), count=6, start=0):
    """A good folder: count pictures of each class, all different."""
    for class_number, class_name in enumerate(class_names):
        (root / class_name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            picture(start + 1000 * class_number + number).save(root / class_name / f"{number}.png")
    return root
