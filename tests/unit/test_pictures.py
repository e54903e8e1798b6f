"""Photos: upright whatever the camera says, nothing kept but pixels, nothing decoded that is too much or none."""

import hashlib
import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from gridmgmt.casework.picture_headers import MAX_SCANS, read_header
from gridmgmt.casework.pictures import STORED_SIDE_PX, THUMB_SIDE_PX, Picture, clean
from gridmgmt.errors import InputError

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 180, 60), (30, 60, 200), (250, 250, 250)
CORNERS = (RED, GREEN, BLUE, WHITE)
"""Top left, top right, bottom left, bottom right of the scene as people saw it."""
AS_STORED = {
    1: (RED, GREEN, BLUE, WHITE), 2: (GREEN, RED, WHITE, BLUE), 3: (WHITE, BLUE, GREEN, RED),
    4: (BLUE, WHITE, RED, GREEN), 5: (RED, BLUE, GREEN, WHITE), 6: (GREEN, WHITE, RED, BLUE),
    7: (WHITE, GREEN, BLUE, RED), 8: (BLUE, RED, WHITE, GREEN),
}  # fmt: skip
"""How a camera held in each of the eight ways of EXIF lays the scene down: its row 0 and column 0 are the ones that
the standard (CIPA DC-008, tag 274) names."""
SECRET = "Zhang-San-at-home"


def kept(data: bytes, *, limit_bytes: int = 12_000_000, limit_pixels: int = 50_000_000) -> Picture:
    return clean(data, limit_bytes=limit_bytes, limit_pixels=limit_pixels)


def refused(data: bytes, **limits: int) -> str:
    with pytest.raises(InputError) as raised:
        kept(data, **limits)
    assert raised.value.message("zh")
    assert raised.value.message("en")
    return raised.value.code


def scene(corners: tuple[tuple[int, int, int], ...] = CORNERS, width: int = 64, height: int = 48) -> Image.Image:
    image = Image.new("RGB", (width, height))
    for number, colour in enumerate(corners):
        left, top = number % 2 * width // 2, number // 2 * height // 2
        image.paste(colour, (left, top, left + width // 2, top + height // 2))
    return image


def written(image: Image.Image, format_: str = "JPEG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_, **({"quality": 95} | options if format_ != "PNG" else options))
    return stream.getvalue()


def photo_of_a_phone(orientation: int) -> bytes:
    """A JPEG with orientation, camera, place, name, thumbnail, XMP and a comment."""
    turned = orientation >= 5
    image = scene(AS_STORED[orientation], *((48, 64) if turned else (64, 48)))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x013B] = orientation, "Camera", SECRET
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 24.0, 12.5), 3: "E", 4: (121.0, 29.0, 3.25)})
    return written(image, exif=exif, comment=SECRET.encode(), xmp=f"<x:xmpmeta>{SECRET}</x:xmpmeta>".encode())


def corners(data: bytes) -> list[tuple[int, int, int]]:
    image = Image.open(io.BytesIO(data))
    width, height = image.size
    return [image.getpixel((x * width // 4, y * height // 4)) for y in (1, 3) for x in (1, 3)]  # type: ignore[misc]  # RGB


def close(found: tuple[int, int, int], expected: tuple[int, int, int]) -> bool:
    return all(abs(a - b) <= 8 for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("orientation", AS_STORED)
def test_a_photo_stands_upright_and_tells_nothing(orientation: int) -> None:
    sent = photo_of_a_phone(orientation)
    assert SECRET.encode() in sent
    picture = kept(sent)
    assert (picture.width_px, picture.height_px) == (64, 48)
    for data in (picture.data, picture.thumb):
        assert all(map(close, corners(data), CORNERS))
        image = Image.open(io.BytesIO(data))
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert SECRET.encode() not in data
        assert b"Exif" not in data
    assert picture.sha256 == hashlib.sha256(picture.data).hexdigest()
    assert kept(sent) == picture


@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
def test_other_formats_are_kept_as_jpeg(format_: str) -> None:
    options: dict[str, object] = {"exif": b"Exif\0\0" + Image.Exif().tobytes()[6:]}
    if format_ == "PNG":
        said = PngImagePlugin.PngInfo()
        said.add_text("Author", SECRET)
        options["pnginfo"] = said
    picture = kept(written(scene(), format_, **options))
    assert picture.data[:3] == b"\xff\xd8\xff"
    assert SECRET.encode() not in picture.data
    assert all(map(close, corners(picture.data), CORNERS))


def test_what_shines_through_is_white_and_what_moves_stands_still() -> None:
    clear = Image.new("RGBA", (32, 32), (255, 0, 0, 0))
    assert corners(kept(written(clear, "PNG")).data) == [(255, 255, 255)] * 4
    for format_ in ("PNG", "WEBP"):
        film = written(scene(), format_, save_all=True, append_images=[Image.new("RGB", (64, 48))], lossless=True)
        assert all(map(close, corners(kept(film).data), CORNERS))


def test_sixteen_bits_grey_and_palettes_keep_their_shades() -> None:
    deep = Image.fromarray(np.full((20, 20), 257 * 100, np.uint16))
    assert all(close(each, (100, 100, 100)) for each in corners(kept(written(deep, "PNG")).data))
    few = scene().convert("P", palette=Image.Palette.ADAPTIVE)
    assert all(map(close, corners(kept(written(few, "PNG")).data), CORNERS))
    inks = Image.new("CMYK", (20, 20), (0, 255, 255, 0))
    red, green, blue = corners(kept(written(inks)).data)[0]
    assert red > 200
    assert green < 60
    assert blue < 60


def test_colours_of_a_profile_become_those_of_the_screen() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    swapped = written(scene(), icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert all(map(close, corners(kept(swapped).data), CORNERS))
    for profile in (lab, b"no profile at all"):
        picture = kept(written(scene(), icc_profile=profile))
        assert "icc_profile" not in Image.open(io.BytesIO(picture.data)).info


def test_a_large_photo_is_reduced_and_its_thumb_is_small() -> None:
    picture = kept(written(scene(width=5000, height=2500), quality=60))
    assert (picture.width_px, picture.height_px) == (STORED_SIDE_PX, STORED_SIDE_PX // 2)
    assert Image.open(io.BytesIO(picture.thumb)).size == (THUMB_SIDE_PX, THUMB_SIDE_PX // 2)
    assert all(map(close, corners(picture.data), CORNERS))


def test_limits_are_inclusive() -> None:
    data = written(scene())
    assert kept(data, limit_bytes=len(data), limit_pixels=64 * 48)
    assert refused(data, limit_bytes=len(data) - 1) == "photo_too_large"
    assert refused(data, limit_pixels=64 * 48 - 1) == "photo_too_many_pixels"


def test_a_bomb_is_refused_by_its_header_before_anything_is_decoded() -> None:
    """Some 30 bytes claim 60,000 × 60,000 pixels; with no pixel behind them, only the header can have told."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    assert refused(png) == "photo_too_many_pixels"
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 60_000, 60_000, 1) + bytes(3)
    assert refused(b"\xff\xd8" + frame + b"\xff\xd9") == "photo_too_many_pixels"
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + 2 * (16_382).to_bytes(3, "little")
    webp = b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas
    assert refused(webp) == "photo_too_many_pixels"
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000)))
    plain = written(scene(), "PNG")
    assert refused(plain[:33] + text + plain[33:]) == "photo_broken"


def test_a_jpeg_that_only_keeps_a_decoder_busy_is_refused() -> None:
    plain = written(scene(), progressive=True)
    at = plain.rindex(b"\xff\xda")
    assert refused(plain[:at] + MAX_SCANS * plain[at:-2] + b"\xff\xd9") == "photo_broken"
    assert refused(plain[:2] + 30_000 * b"\xff\xfe\x00\x02" + plain[2:]) == "photo_broken"


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_no_part_of_a_photo_is_taken_for_the_whole(format_: str) -> None:
    noise = Image.fromarray(np.random.default_rng(8).integers(0, 255, (40, 50, 3), np.uint8))
    data = written(noise, format_)
    assert kept(data)
    for length in [*range(60), *range(60, len(data) - 1, len(data) // 50), len(data) - 1]:
        assert refused(data[:length]) in ("photo_broken", "photo_format"), length


def test_what_says_two_sizes_is_refused() -> None:
    data = bytearray(written(scene()))
    at = data.index(b"\xff\xc0") + 5
    frame = data[at - 5 : at + 12]
    other = bytearray(frame)
    other[5:9] = struct.pack(">HH", 8, 8)
    assert refused(bytes(data[: at - 5] + other + data[at - 5 :])) == "photo_broken"


def test_a_photo_that_is_something_else_too_is_refused() -> None:
    data = written(scene())
    stream = io.BytesIO(data)
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("run.class", "x")
    assert zipfile.is_zipfile(stream)
    for odd in (
        stream.getvalue(),
        data + b"<?php system($_GET['c']); ?>",
        data + b"MZ\x90\x00",
        written(scene(), comment=b"%PDF-1.7"),
        written(scene(), comment=b"<HTML><script>alert(1)</script>"),
    ):
        assert refused(odd) == "photo_disguised"


def test_what_cameras_put_behind_a_photo_is_left_behind() -> None:
    data = written(scene())
    film = struct.pack(">I", 24) + b"ftypmp42" + bytes(12) + SECRET.encode()
    for tail in (bytes(100), data, film, b"\0\0\x01\x0aImage_UTC_Data" + SECRET.encode() + b"SEFT"):
        assert kept(data + tail) == kept(data)
    stereo = io.BytesIO()
    scene().save(stereo, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 48))], quality=95)
    assert all(map(close, corners(kept(stereo.getvalue()).data), CORNERS))


@pytest.mark.parametrize("data", [b"", b"GIF89a" + bytes(50), b"II*\0" + bytes(50), b"\0\0\0\x18ftypheic", b"<svg/>"])
def test_only_three_formats_are_photos(data: bytes) -> None:
    assert refused(data) == "photo_format"


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"progressive": True}])
def test_the_header_tells_what_a_decoder_tells(format_: str, options: dict[str, object]) -> None:
    data = written(scene(width=130, height=70), format_, **options)
    header = read_header(data)
    assert (header.format, header.width_px, header.height_px, header.end) == (format_, 130, 70, len(data))
