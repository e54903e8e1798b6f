"""The secrets of webhooks: derived from a key in the data folder, so that no database and no backup holds one."""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from gridmgmt.disk import disk_errors, sync_folder

KEY_FILE = "webhooks.key"
"""In the data folder, for its owner only; processes on several machines need the same one."""

SECRET_MARK = "whsec_"  # noqa: S105 -- the beginning of every secret, none itself
_KEY_BYTES = 32


def folder_key(folder: Path) -> bytes:
    """Return the key of a data folder, made when it is first asked for.

    Raises
    ------
    UnavailableError
        When the disk is full.
    """
    file = folder / KEY_FILE
    if not file.exists():
        _make_key(file)
    return bytes.fromhex(file.read_text(encoding="ascii"))


def new_salt() -> str:
    """Return what makes the secret of one webhook another than all others."""
    return secrets.token_hex(16)


def secret_of(key: bytes, salt: str) -> str:
    """Return the secret of a webhook, ``whsec_`` and 43 characters.

    >>> len(secret_of(bytes(32), "00")), secret_of(bytes(32), "00") == secret_of(bytes(32), "01")
    (49, False)
    """
    derived = hmac.new(key, salt.encode(), hashlib.sha256).digest()
    return SECRET_MARK + base64.urlsafe_b64encode(derived).decode("ascii").rstrip("=")


def _make_key(file: Path) -> None:
    """Write the key; of several processes that do so at once, the first one's counts."""
    draft = file.with_name(f".{secrets.token_hex(8)}.unfinished")
    with disk_errors():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                stream.write(secrets.token_bytes(_KEY_BYTES).hex())
                stream.flush()
                os.fsync(stream.fileno())
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(file.parent)
