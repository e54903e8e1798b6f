"""Who may act and who has acted: the one door to permissions, the log, accounts, ways in and keys.

Every service of the project that writes begins with `require` and ends with `record`.
"""

from gridmgmt.access.accounts import (
    create_account,
    disable_account,
    ensure_demo_accounts,
    set_grants,
    set_password,
    set_role,
)
from gridmgmt.access.keys import actor_of_key, actor_of_key_rows, create_key, key_values, revoke_key
from gridmgmt.access.log import record, verify_changes
from gridmgmt.access.queries import KEY, SESSION
from gridmgmt.access.rules import anonymous, local_actor, require, system_actor
from gridmgmt.access.sessions import (
    actor_of_session,
    actor_of_session_rows,
    demo_sign_in,
    offer_password,
    offer_setup,
    session_values,
    sign_in,
    sign_out,
    use_setup,
)

__all__ = [
    "KEY",
    "SESSION",
    "actor_of_key",
    "actor_of_key_rows",
    "actor_of_session",
    "actor_of_session_rows",
    "anonymous",
    "create_account",
    "create_key",
    "demo_sign_in",
    "disable_account",
    "ensure_demo_accounts",
    "key_values",
    "local_actor",
    "offer_password",
    "offer_setup",
    "record",
    "require",
    "revoke_key",
    "session_values",
    "set_grants",
    "set_password",
    "set_role",
    "sign_in",
    "sign_out",
    "system_actor",
    "use_setup",
    "verify_changes",
]
