"""The posts of bodies, and those that serve in another body too; never who fills one."""

from datetime import date

from sqlalchemy import ColumnElement, func, select

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.bodies import queries
from gridmgmt.bodies.changing import acted_on
from gridmgmt.bodies.ending import end_all, holds_from
from gridmgmt.bodies.models import BodyPost, PostLink
from gridmgmt.bodies.rules import NewLink, NewPost, check_code, check_count, check_name
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError, RuleViolationError
from gridmgmt.governance.history import begin, ended, shown
from gridmgmt.governance.queries import held


def set_post(session: Session, actor: Actor, new: NewPost) -> BodyPost:
    """Give a body so many posts under one name from a day on; what was said of that code until then ends.

    Raises
    ------
    NotFoundError
        ``body_unknown``.
    RuleViolationError
        ``post_links_exceed`` when more of them serve in another body than there are to be.
    InputError, CodeFormatError
        ``body_count_range``; when code or name cannot be such.
    """
    acted_on(session, actor, new.body_code, new.valid_from)
    count = check_count(new.count)
    serving = _most_serving(session, new)
    if serving > count:
        raise RuleViolationError("post_links_exceed", field="count", value=count, serving=serving, post=new.code)
    row = BodyPost(
        body_code=new.body_code,
        code=check_code(new.code),
        name=check_name(new.name),
        count=count,
        valid_from=new.valid_from,
    )
    before = begin(session, row, *_same_post(new.body_code, new.code))
    record(session, actor, "body_post.set", f"body:{new.body_code}", before=before, after=shown(row))
    return row


def end_post(session: Session, actor: Actor, body_code: str, code: str, on: date) -> BodyPost:
    """End the posts of a code on a day, with their links.

    Raises
    ------
    NotFoundError
        ``body_post_unknown`` when the body has none that day.
    ConflictError
        ``ended_already`` when it, or a link, ends by itself later.
    """
    acted_on(session, actor, body_code, on)
    row = _post(session, body_code, code, on)
    end_all(session, PostLink, on, PostLink.body_code == body_code, PostLink.post_code == code)
    return ended(session, actor, row, on, ("body_post.end", f"body:{body_code}"))


def link_post(session: Session, actor: Actor, new: NewLink) -> PostLink:
    """Have so many posts of a body serve in another too from a day on, as committee members in owners' committees.

    Raises
    ------
    NotFoundError
        ``body_unknown``, ``body_post_unknown``.
    RuleViolationError
        ``post_link_of_one_body``; ``post_links_exceed`` for more than there are.
    InputError
        ``body_count_range``.
    """
    acted_on(session, actor, new.body_code, new.valid_from)
    post = _post(session, new.body_code, new.post_code, new.valid_from)
    queries.body_row(session, new.serves_code, new.valid_from, field="serves_code")
    if new.serves_code == new.body_code:
        raise RuleViolationError("post_link_of_one_body", field="serves_code", value=new.serves_code)
    count = check_count(new.count)
    if count > post.count:
        raise RuleViolationError(
            "post_links_exceed", field="count", value=post.count, serving=count, post=new.post_code
        )
    row = PostLink(
        body_code=new.body_code,
        post_code=new.post_code,
        serves_code=new.serves_code,
        count=count,
        valid_from=new.valid_from,
    )
    before = begin(session, row, *_same_link(new.body_code, new.post_code, new.serves_code))
    record(session, actor, "post_link.set", f"body:{new.body_code}", before=before, after=shown(row))
    return row


def end_link(session: Session, actor: Actor, body_code: str, post_code: str, serves_code: str, *, on: date) -> PostLink:
    """Have the posts of a body no longer serve in another from a day on.

    Raises
    ------
    NotFoundError
        ``post_link_unknown`` when none does that day.
    """
    acted_on(session, actor, body_code, on)
    row = held(session, PostLink, on, *_same_link(body_code, post_code, serves_code))
    if row is None:
        raise NotFoundError("post_link_unknown", post=post_code, body=body_code, serves=serves_code, on=on)
    return ended(session, actor, row, on, ("post_link.end", f"body:{body_code}"))


def _post(session: Session, body_code: str, code: str, on: date) -> BodyPost:
    row = held(session, BodyPost, on, *_same_post(body_code, code))
    if row is None:
        raise NotFoundError("body_post_unknown", field="post", value=code, body=body_code, on=on)
    return row


def _same_post(body_code: str, code: str) -> tuple[ColumnElement[bool], ...]:
    return BodyPost.body_code == body_code, BodyPost.code == code


def _same_link(body_code: str, post_code: str, serves_code: str) -> tuple[ColumnElement[bool], ...]:
    return PostLink.body_code == body_code, PostLink.post_code == post_code, PostLink.serves_code == serves_code


def _most_serving(session: Session, new: NewPost) -> int:
    """Return the largest number of these posts that serve in one other body while they are as many as is said now."""
    same, on = _same_post(new.body_code, new.code), new.valid_from
    later = (BodyPost.valid_from > on, holds_from(BodyPost, on))
    until = session.scalar(select(func.min(BodyPost.valid_from)).where(*same, *later))
    links = [PostLink.body_code == new.body_code, PostLink.post_code == new.code, holds_from(PostLink, on)]
    if until is not None:
        links.append(PostLink.valid_from < until)
    return session.scalar(select(func.coalesce(func.max(PostLink.count), 0)).where(*links)) or 0
