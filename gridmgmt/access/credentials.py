"""Passwords and secrets: how they are made, kept as hashes alone, and compared."""

import hashlib
import hmac
import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

KEY_MARK = "gm_"
"""Every API key begins with this, so that scanners of code can find one that was left lying about."""

_hasher = PasswordHasher()  # argon2id with the library's parameters, those of RFC 9106 for little memory


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, with its salt and parameters."""
    return _hasher.hash(_normal(password))


def password_matches(password_hash: str | None, password: str) -> bool:
    """Tell whether a password is that of a hash; without one the answer is no, after the same work."""
    stand_in = _stand_in()  # asked for in every case: the first call makes it, and that must tell nothing either
    try:
        return _hasher.verify(password_hash or stand_in, _normal(password)) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Tell whether a hash was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(password_hash)


def new_token() -> str:
    """Return a secret of 256 random bits, fit for a cookie or the fragment of a link."""
    return secrets.token_urlsafe(32)


def new_key() -> tuple[str, str]:
    """Return a new API key ``gm_<8 characters>_<secret>`` and the prefix of it that may be shown."""
    prefix = KEY_MARK + secrets.token_hex(4)
    return f"{prefix}_{new_token()}", prefix


def key_prefix(key: str) -> str | None:
    """Return the prefix of an API key, None when it does not have the form of one.

    >>> key_prefix("gm_0a1b2c3d_any_thing"), key_prefix("anything")
    ('gm_0a1b2c3d', None)
    """
    parts = key.split("_", 2)
    return "_".join(parts[:2]) if len(parts) == 3 and key.startswith(KEY_MARK) else None


def digest(secret: str) -> str:
    """Return what is kept of a secret of full length: its SHA-256. A slow hash would add nothing to 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret_of(kept: str, secret: str) -> bool:
    """Compare a secret with what is kept of it, in the same time whatever it is."""
    return hmac.compare_digest(kept, digest(secret))


@cache
def _stand_in() -> str:
    return _hasher.hash(new_token())


def _normal(password: str) -> str:
    """Return the password in one form for all keyboards (NFKC, as NIST SP 800-63B asks)."""
    return unicodedata.normalize("NFKC", password)
