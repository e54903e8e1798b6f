"""The one encoding of a text file that is not UTF-8, or the line that spoils it."""

import codecs
import gzip
import re
from pathlib import Path

from gridmgmt.errors import FileRefusedError

_IDEOGRAPH = re.compile("[\u4e00-\u9fff]")
_OTHER_LETTERS = re.compile("[\u0080-\u07ff]")
_SHOWN = 40
"""Characters of a line that a message shows."""


def encoding_beside_utf8(path: Path) -> str:
    """Return GB 18030 (which holds GBK) for a file that is not UTF-8, when all of its lines are in it.

    A file that begins with the mark of UTF-16, as spreadsheets save "Unicode text", is in that.


    A file with lines of both must not pass for GB 18030, in which most of UTF-8 decodes to nonsense. A line counts as
    UTF-8 when its bytes are, with Chinese characters and none between U+0080 and U+07FF: that is what GB 18030 text
    which happens to be UTF-8 decodes to.

    Raises
    ------
    FileRefusedError
        ``encodings_mixed`` or ``line_undecodable`` with the first line that is not like those before it.
    """
    before: str | None = None
    content = _content(path)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _utf16(path, content)
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.isascii():
            continue
        found = _encoding_of(line)
        if found is None:
            raise _undecodable(path, number, line, "utf-8", tried="UTF-8, GB 18030")
        if before is not None and found != before:
            raise FileRefusedError(
                "encodings_mixed",
                file=path.name, line=number, found=_NAMES[found], before=_NAMES[before], text=_shown(line, found),
            )  # fmt: skip
        before = found
    return "gb18030"


def _utf16(path: Path, content: bytes) -> str:
    try:
        content.decode("utf-16")
    except UnicodeDecodeError as error:
        raise FileRefusedError("file_undecodable", file=path.name, tried="UTF-16") from error
    return "utf-16"


def undecodable(path: Path, encoding: str) -> FileRefusedError:
    """Return the error for a file that is not in the encoding it is said to be in, with its first such line."""
    content = _content(path)
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        begin = content.rfind(b"\n", 0, error.start) + 1
        return _undecodable(path, number, content[begin:].split(b"\n", 1)[0], encoding, tried=encoding)
    except UnicodeError:  # of codecs that do not say where: UTF-16 without its mark, undefined
        pass
    return FileRefusedError("file_undecodable", file=path.name, tried=encoding)


def _undecodable(path: Path, number: int, line: bytes, encoding: str, *, tried: str) -> FileRefusedError:
    shown = _shown(line, encoding)
    return FileRefusedError("line_undecodable", file=path.name, line=number, encoding=tried, text=shown)


_NAMES = {"utf-8": "UTF-8", "gb18030": "GB 18030"}


def _content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix.lower() == ".gz" else path.read_bytes()


def _encoding_of(line: bytes) -> str | None:
    try:
        text = line.decode("utf-8")
        if _IDEOGRAPH.search(text) and not _OTHER_LETTERS.search(text):
            return "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        line.decode("gb18030")
    except UnicodeDecodeError:
        return None
    return "gb18030"


def _shown(line: bytes, encoding: str) -> str:
    try:
        text = line.decode(encoding, errors="replace")
    except UnicodeError:  # idna and punycode replace nothing
        text = line.decode("ascii", errors="replace")
    return text.strip()[:_SHOWN]
