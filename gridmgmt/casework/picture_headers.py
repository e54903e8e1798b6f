"""What the bytes of a picture say of themselves, read before any decoder is given them: format, pixels, where it ends.

Sources: JPEG ITU-T T.81 annex B, PNG (W3C, third edition) §5, WebP container RFC 9649 §2.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gridmgmt.errors import InputError

Format = Literal["JPEG", "PNG", "WEBP"]

MAX_SCANS = 100
"""A progressive JPEG has some ten scans; thousands only keep a decoder busy."""

MAX_SEGMENTS = 20_000
"""A PNG as large as a photo may be has some thousands."""

_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")
"""Of a segment: not a stuffed byte, no filling, none of those that stand alone."""
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_EOI, _SOS = 0xD9, 0xDA
_PNG = b"\x89PNG\r\n\x1a\n"
_LOOKED_AT = 1_024
"""Readers that guess a format look so far into a file."""
_OTHER_FORMATS = (b"%pdf-", b"<html", b"<!doctype", b"<script", b"<svg", b"<?php")


@dataclass(frozen=True)
class PictureHeader:
    """Format and size of a picture as stored, before its orientation is applied; ``end`` is the byte behind it."""

    format: Format
    width_px: int
    height_px: int
    end: int


def read_header(data: bytes) -> PictureHeader:
    """Return what a picture says of itself, when it is one whole picture and nothing else.

    Behind the picture may stand what cameras put there: zeros, a second JPEG, a short film, notes of the camera.

    Raises
    ------
    InputError
        ``photo_format`` when it is no JPEG, PNG or WebP, ``photo_broken`` when it does not reach its own end,
        ``photo_disguised`` when it can be read as something else too.
    """
    try:
        header = _header(data)
    except struct.error as error:
        raise InputError("photo_broken", field="photo") from error
    if header is None:
        raise InputError("photo_format", field="photo", known="JPEG, PNG, WebP")
    if not all((header.width_px, header.height_px)) or header.end > len(data):
        raise InputError("photo_broken", field="photo")
    if _disguised(data, header.end):
        raise InputError("photo_disguised", field="photo")
    return header


def _header(data: bytes) -> PictureHeader | None:
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg(data)
    if data[:8] == _PNG:
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return None


def _disguised(data: bytes, end: int) -> bool:
    """Tell whether other programs might take the same bytes for an archive, a document or a page."""
    start = data[:_LOOKED_AT].lower()
    if any(mark in start for mark in _OTHER_FORMATS):
        return True
    tail = data[end:].lstrip(b"\0")
    if b"PK\x05\x06" in tail[-(1 << 16) - 22 :]:  # the end of a ZIP archive, with the longest comment
        return True
    of_cameras = not tail or tail.startswith(b"\xff\xd8\xff") or b"ftyp" in tail[:16] or tail.endswith(b"SEFT")
    return not of_cameras


def _jpeg(data: bytes) -> PictureHeader:
    width = height = scans = 0
    for marker, at in _markers(data):
        if marker == _EOI:
            return PictureHeader("JPEG", width, height, at)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 3)
        scans += marker == _SOS
        if scans > MAX_SCANS:
            break
    raise InputError("photo_broken", field="photo")


def _markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield each marker behind the start with the place behind it, stepping over segments and coded data."""
    at = 2
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(data, at)
        if found is None:
            return
        yield found[1][0], found.end()
        at = found.end() + struct.unpack_from(">H", data, found.end())[0]


def _png(data: bytes) -> PictureHeader:
    width, height = struct.unpack_from(">II", data, 16)
    at = len(_PNG)
    for _ in range(MAX_SEGMENTS):
        length, kind = struct.unpack_from(">I4s", data, at)
        at += 12 + length
        if kind == b"IEND":
            return PictureHeader("PNG", width, height, at)
    raise InputError("photo_broken", field="photo")


def _webp(data: bytes) -> PictureHeader:
    (size,) = struct.unpack_from("<I", data, 4)
    kind, end = data[12:16], 8 + size + size % 2
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    return PictureHeader("WEBP", width, height, end)
