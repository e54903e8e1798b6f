"""The partner: where it is told, and the secret that signs both ways, derived as those of webhooks are."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gridmgmt.access.credentials import digest, is_secret_of
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.db import Session
from gridmgmt.errors import UnavailableError
from gridmgmt.exchange import queries, rules
from gridmgmt.exchange.models import ExchangePartner
from gridmgmt.feed.delivery import present_position
from gridmgmt.feed.sending import parse_target
from gridmgmt.feed.signing import folder_key, new_salt, secret_of

_OBJECT = f"exchange:{rules.PARTNER}"


@dataclass(frozen=True)
class Signed:
    """A body as it came, with the header that is to prove who has sent it."""

    header: str | None
    body: bytes


def renew_secret(session: Session, actor: Actor, folder: Path, now: datetime) -> str:
    """Give the partner a secret, the first or another, and return it, this once.

    What is sent is signed with it at once; what comes in signed with the one before is taken for
    :data:`gridmgmt.exchange.rules.OLD_SECRET_FOR` more.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not manage webhooks.
    """
    require(actor, Permission.WEBHOOKS_MANAGE)
    salt, found = new_salt(), queries.partner(session, lock=True)
    secret = secret_of(folder_key(folder), salt)
    if found is None:
        session.add(ExchangePartner(name=rules.PARTNER, salt=salt, secret_sha256=digest(secret), renewed_at=now))
    else:
        found.previous_salt, found.previous_until = found.salt, now + rules.OLD_SECRET_FOR
        found.salt, found.secret_sha256, found.renewed_at = salt, digest(secret), now
    session.flush()
    record(session, actor, "exchange.renew_secret", _OBJECT)
    return secret


def set_address(session: Session, actor: Actor, url: str | None) -> ExchangePartner:
    """Set where the partner is told of states, None to tell it nothing; what it has not been told yet follows.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not manage webhooks.
    NotFoundError
        ``exchange_not_set_up`` before the first secret.
    InputError
        ``webhook_url_invalid``.
    """
    require(actor, Permission.WEBHOOKS_MANAGE)
    found = queries.known_partner(session, lock=True)
    if url is not None:
        parse_target(url)
    before, found.url = found.url, url
    if before is None:
        found.position = None
    session.flush()
    shown = {name: value and value.partition("?")[0] for name, value in (("before", before), ("after", url))}
    record(
        session, actor, "exchange.set_address", _OBJECT, before={"url": shown["before"]}, after={"url": shown["after"]}
    )
    return found


def check_signed(session: Session, signed: Signed, folder: Path, now: datetime) -> None:
    """Refuse what the partner has not signed.

    Raises
    ------
    NotFoundError
        ``exchange_not_set_up``.
    UnauthenticatedError, ForbiddenError
        As :func:`gridmgmt.exchange.rules.check_proof`.
    UnavailableError
        ``exchange_key_changed`` when the key in the data folder is not the one that the secret came from.
    """
    found = queries.known_partner(session)
    secrets = [present_secret(found, folder)]
    if found.previous_salt is not None and found.previous_until is not None and now < found.previous_until:
        secrets.append(secret_of(folder_key(folder), found.previous_salt))
    rules.check_proof(signed.header, signed.body, secrets, now)


def present_secret(found: ExchangePartner, folder: Path) -> str:
    """Return the secret that signs now; raises ``exchange_key_changed`` as :func:`check_signed`."""
    secret = secret_of(folder_key(folder), found.salt)
    if not is_secret_of(found.secret_sha256, secret):
        raise UnavailableError("exchange_key_changed", value=rules.PARTNER)
    return secret


def begin_here(session: Session, found: ExchangePartner) -> None:
    """Look through the log of cases from this moment on; what was before is found by the orders themselves."""
    found.position = str(present_position(session))
