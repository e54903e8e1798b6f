"""Photos made safe to keep: decoded, turned upright, written anew from their pixels alone."""

import hashlib
import io
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps

from gridmgmt.casework.picture_headers import PictureHeader, read_header
from gridmgmt.errors import InputError

STORED_SIDE_PX = 4_096
"""A larger picture is kept with its longer side at this; more is the camera's noise."""
THUMB_SIDE_PX = 480
QUALITY = 88
THUMB_QUALITY = 75
_MAX_PROFILE_BYTES = 1_000_000


@dataclass(frozen=True)
class Picture:
    """A photo as it is kept: upright, sRGB, JPEG, with no word of the camera, the place or whoever took it."""

    data: bytes
    thumb: bytes
    """The same, its longer side at most :data:`THUMB_SIDE_PX`."""
    width_px: int
    height_px: int
    sha256: str
    """Of :attr:`data`."""


def clean(data: bytes, *, limit_bytes: int, limit_pixels: int) -> Picture:
    """Return a photo made anew from the pixels of a JPEG, PNG or WebP, of the first ones where it moves.

    The orientation of EXIF is applied and colours of an embedded profile become sRGB; then all that is not a pixel is
    gone: EXIF with its place and thumbnail, XMP, IPTC, profiles, comments, whatever stands behind the picture. What
    shines through is laid on white.

    Parameters
    ----------
    limit_bytes
        How large it may be as sent, inclusive.
    limit_pixels
        How many pixels it may have, inclusive; its header is asked before anything is decoded.

    Raises
    ------
    InputError
        ``photo_too_large``, ``photo_too_many_pixels``, and as
        :func:`gridmgmt.casework.picture_headers.read_header`.
    """
    if len(data) > limit_bytes:
        raise InputError("photo_too_large", field="photo", maximum_mb=limit_bytes / 1_000_000)
    header = read_header(data)
    pixels = header.width_px * header.height_px
    if pixels > limit_pixels:
        raise InputError("photo_too_many_pixels", field="photo", value=pixels, maximum=limit_pixels)
    upright = _decoded(data[: header.end], header)
    stored = _jpeg(upright, QUALITY)
    thumb = upright.copy()
    thumb.thumbnail((THUMB_SIDE_PX, THUMB_SIDE_PX))
    return Picture(stored, _jpeg(thumb, THUMB_QUALITY), *upright.size, hashlib.sha256(stored).hexdigest())


def _decoded(data: bytes, header: PictureHeader) -> Image.Image:
    """Return the pixels, upright and in sRGB."""
    try:
        with Image.open(io.BytesIO(data), formats=[header.format]) as image:
            if image.size == (header.width_px, header.height_px):
                image.thumbnail((STORED_SIDE_PX, STORED_SIDE_PX), reducing_gap=3)
                return _plain_colours(ImageOps.exif_transpose(image))
    except Exception as error:  # decoders of foreign bytes fail in as many ways as there are bytes
        raise InputError("photo_broken", field="photo") from error
    raise InputError("photo_broken", field="photo")


def _plain_colours(image: Image.Image) -> Image.Image:
    """Return the pixels in sRGB without transparency."""
    profile = image.info.get("icc_profile", b"")
    if image.mode.startswith("I"):  # 16 bits a pixel, which RGB has no room for
        image = image.convert("I").point(lambda value: value / 257).convert("L")
    if image.mode in ("RGB", "CMYK") and 0 < len(profile) <= _MAX_PROFILE_BYTES:
        image = _in_srgb(image, profile)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Return the pixels of a profile in sRGB, as they are where the profile is none."""
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError):
        return image


def _jpeg(image: Image.Image, quality: int) -> bytes:
    """Write pixels, and nothing beside them."""
    stream = io.BytesIO()
    Image.frombytes(image.mode, image.size, image.tobytes()).save(stream, "JPEG", quality=quality, optimize=True)
    return stream.getvalue()
