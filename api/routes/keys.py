"""API keys: one's own, and all for those who manage accounts."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.access import Caller, asks_account
from api.access_schemas import KeyAsk, KeyOut, Keys, NewKey
from api.context import Context, RequestSession
from api.routes import PREFIX
from gridmgmt.access import queries, service
from gridmgmt.access.rules import Permission

router = APIRouter(prefix=f"{PREFIX}/api-keys", tags=["access"], dependencies=[asks_account])

Prefix = Annotated[str, Path(max_length=64, description="The part of the key that is shown, `gm_…`.")]


@router.get("", summary="API keys")
def list_keys(session: RequestSession, actor: Caller) -> Keys:
    """List one's own keys, or all for those who manage accounts, without their secrets."""
    whose = None if actor.may(Permission.ACCESS_MANAGE) else actor.account_id
    return Keys(items=[KeyOut.of(key, account) for key, account in queries.keys(session, whose)])


@router.post("", status_code=201, summary="Make an API key")
def make_key(session: RequestSession, context: Context, actor: Caller, ask: KeyAsk) -> NewKey:
    """Make a key and return its secret, this once; it may do no more than its account."""
    account = queries.account_by_name(session, ask.account or actor.name)
    secret = service.create_key(session, actor, account, ask.name, ask.scopes, ask.expires_at, context.clock())
    key, name = queries.keys(session, account.account_id)[0]
    return NewKey(**KeyOut.of(key, name).model_dump(), secret=secret)


@router.delete("/{prefix}", summary="Revoke an API key")
def revoke_key(session: RequestSession, context: Context, actor: Caller, prefix: Prefix) -> KeyOut:
    """End a key of one's own, or of an account that one manages; doing so twice changes nothing."""
    key = queries.key_by_prefix(session, prefix)
    service.revoke_key(session, actor, key, context.clock())
    return KeyOut.of(key, queries.account_by_id(session, key.account_id).name)
