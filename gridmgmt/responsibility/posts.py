"""Kinds of responsibility grids and officer posts: defining, changing, ending, one by one or from a file."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, FileRefusedError, InputError, NotFoundError, Problem
from gridmgmt.governance.history import begin, ended, shown
from gridmgmt.governance.queries import held
from gridmgmt.governance.rules import require_text
from gridmgmt.responsibility.models import GridKind, OfficerPost
from gridmgmt.responsibility.queries import kind_of_code, post_on
from gridmgmt.responsibility.rules import NewKind, NewPost, check_code, check_hours


@dataclass(frozen=True)
class PostsOutcome:
    """What came of a file of posts; ``known`` ones were there before with the very same content."""

    read: int
    added: int
    known: int


def define_kind(session: Session, actor: Actor, new: NewKind) -> GridKind:
    """Add a kind of grids, or change the names and required hours of one.

    Raises
    ------
    CodeFormatError, InputError
        When the code, a name or the hours cannot be.
    """
    require(actor, Permission.GRIDS_WRITE)
    check_code(new.code)
    check_hours(new.required_hours or {})
    row = session.get(GridKind, new.code)
    before = None if row is None else {"name_zh": row.name_zh, "required_hours": row.required_hours}
    if row is None:
        row = GridKind(code=new.code)
        session.add(row)
    row.name_zh, row.name_en = require_text("name_zh", new.name_zh), require_text("name_en", new.name_en)
    row.required_hours = new.required_hours or None
    session.flush()
    record(session, actor, "grid_kind.define", f"grid_kind:{new.code}", before=before, after=asdict(new))
    return row


def define_post(session: Session, actor: Actor, new: NewPost) -> OfficerPost:
    """Add a post from a day on, or change the name and body of the one of that code.

    Raises
    ------
    NotFoundError
        ``grid_kind_unknown``.
    ConflictError
        ``post_kind_fixed``; ``ended_already`` when the one of that code has its end.
    CodeFormatError, InputError
        When the code cannot be one, or the name or body is blank.
    """
    require(actor, Permission.GRIDS_WRITE)
    row, before = _begun(session, new)
    record(session, actor, "post.define", f"post:{new.code}", before=before, after=shown(row))
    return row


def end_post(session: Session, actor: Actor, code: str, on: date) -> OfficerPost:
    """End a post on a day; grids that still name it are findings of the cover check.

    Raises
    ------
    NotFoundError
        ``post_unknown``.
    ConflictError
        ``ended_already``.
    """
    require(actor, Permission.GRIDS_WRITE)
    return ended(session, actor, post_on(session, code, on), on, ("post.end", f"post:{code}"))


def import_posts(session: Session, actor: Actor, rows: Iterable[tuple[int, NewPost]], *, source: str) -> PostsOutcome:
    """Take all posts of a file, or none; the same file again changes nothing.

    Parameters
    ----------
    rows
        Each post with its row in the file.
    source
        Where they come from, for the log.

    Raises
    ------
    FileRefusedError
        ``rows_refused`` with a problem for each row that :func:`define_post` would refuse.
    """
    require(actor, Permission.GRIDS_WRITE)
    given, problems, added = list(rows), list[Problem](), 0
    for number, new in given:
        try:
            present = held(session, OfficerPost, new.valid_from, OfficerPost.code == new.code)
            if present is None or (present.name, present.kind, present.body) != (new.name, new.kind, new.body):
                _begun(session, new)
                added += 1
        except (NotFoundError, ConflictError, InputError) as error:
            problems.append(Problem(number, error.code, error.fields))
    if problems:
        raise FileRefusedError("rows_refused", problems=problems, read=len(given), refused=len(problems))
    record(session, actor, "posts.import", f"file:{source}", after={"read": len(given), "added": added})
    return PostsOutcome(len(given), added, len(given) - added)


def _begun(session: Session, new: NewPost) -> tuple[OfficerPost, dict[str, object] | None]:
    check_code(new.code)
    kind_of_code(session, new.kind)
    present = held(session, OfficerPost, new.valid_from, OfficerPost.code == new.code)
    if present is not None and present.kind != new.kind:
        raise ConflictError("post_kind_fixed", field="kind", code=new.code, value=new.kind, kind=present.kind)
    row = OfficerPost(
        code=new.code,
        name=require_text("name", new.name),
        kind=new.kind,
        body=require_text("body", new.body),
        valid_from=new.valid_from,
    )
    return row, begin(session, row, OfficerPost.code == new.code)
