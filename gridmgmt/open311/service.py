"""Services and requests of GeoReport v2 as the cases of this folder make them, and new requests as reports."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gridmgmt.access.rules import Actor
from gridmgmt.cases.rules import CaseSource
from gridmgmt.casework import intake
from gridmgmt.casework.asking import ReportAsk
from gridmgmt.casework.idempotency import Answered, keyed
from gridmgmt.casework.reporters import Reporter
from gridmgmt.catalogue.rules import CaseType, Catalogue, FieldSpec
from gridmgmt.catalogue.service import catalogue_if_any, catalogue_on
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError, RuleViolationError
from gridmgmt.open311.forms import Form, fields_of, full_name
from gridmgmt.open311.models import RequestMedia
from gridmgmt.open311.places import place_of
from gridmgmt.open311.queries import RequestRow, districts_on, requests, unknown_type
from gridmgmt.open311.rules import Asked, jurisdiction
from gridmgmt.texts import LANGUAGES, Language, text


@dataclass(frozen=True)
class Names:
    """What answers need beside the requests themselves."""

    districts: Mapping[str, str]
    """Name by code."""
    catalogue: Catalogue | None

    def service(self, code: str, lang: Language) -> str:
        """Return what a type of cases is called; the code of one that the catalogue does not have."""
        type_ = self.catalogue.types.get(code) if self.catalogue else None
        return type_.name.said(lang) if type_ else code

    def agency(self, code: str, lang: Language) -> str:
        """Return what a department is called; an imported register may name its own."""
        department = self.catalogue.departments.get(code) if self.catalogue else None
        return department.name.said(lang) if department else code


@dataclass(frozen=True)
class Created:
    """What is answered to a new request, the first time and to a retry alike."""

    service_request_id: str
    service_notice: str


def names_at(session: Session, now: datetime) -> Names:
    """Return the districts and the catalogue in force."""
    return Names(districts_on(session, local_date(now)), catalogue_if_any(session, now))


def service_list(catalogue: Catalogue, lang: Language) -> list[dict[str, object]]:
    """Return all services: the types of the catalogue, grouped by their classes."""
    return [_service(catalogue, type_, lang) for type_ in catalogue.types.values()]


def service_definition(type_: CaseType, lang: Language) -> dict[str, object]:
    """Return the attributes of a service: the further fields of the type, numbered from 1 in their order."""
    specs = sorted(type_.fields, key=lambda spec: (spec.order, spec.code))
    attributes = [_attribute(spec, order, lang) for order, spec in enumerate(specs, start=1)]
    return {"service_code": type_.code, "attributes": attributes}


def found(session: Session, asked: Asked, given_jurisdiction: str | None, *, now: datetime) -> list[RequestRow]:
    """Return the requests that are asked for, the last reported first.

    Raises
    ------
    NotFoundError
        ``open311_jurisdiction_unknown``, or ``case_type_unknown`` for a service that neither the catalogue nor any
        case has.
    InputError
        ``open311_jurisdiction_missing``.
    """
    names = names_at(session, now)
    district = jurisdiction(given_jurisdiction, names.districts)
    check_services(session, asked, names)
    return requests(session, asked, district)


def check_services(session: Session, asked: Asked, names: Names) -> None:
    """Refuse a question for a service that neither the catalogue nor any case has.

    Raises
    ------
    NotFoundError
        ``case_type_unknown``.
    """
    known = names.catalogue.types if names.catalogue else {}
    if (code := unknown_type(session, [each for each in asked.service_codes if each not in known])) is not None:
        edition = names.catalogue.name if names.catalogue else "—"
        raise NotFoundError("case_type_unknown", field="service_code", value=code[:80], edition=edition)


def found_one(
    session: Session, service_request_id: str, given_jurisdiction: str | None, *, now: datetime
) -> RequestRow:
    """Return the request of an id.

    Raises
    ------
    NotFoundError
        ``open311_request_unknown``, ``open311_jurisdiction_unknown``.
    InputError
        ``open311_jurisdiction_missing``.
    """
    rows = found(session, Asked(service_request_ids=(service_request_id,)), given_jurisdiction, now=now)
    if not rows:
        raise NotFoundError("open311_request_unknown", field="service_request_id", value=service_request_id[:80])
    return rows[0]


def create(
    session: Session, actor: Actor, form: Form, lang: Language, *, now: datetime, key: str | None = None
) -> Created:
    """Report what a form says, by the same rules as any report.

    Contact data go where those of every report go, and nowhere else. Whoever holds an access key and sends them has
    the consent of the person to whom they belong.

    Parameters
    ----------
    key
        Of the client's own, by which a retry is known.

    Raises
    ------
    NotFoundError
        ``case_type_unknown``, ``open311_jurisdiction_unknown``.
    InputError, RuleViolationError
        Whatever cannot be taken, see :func:`gridmgmt.casework.intake.report`; ``open311_address_unknown``,
        ``open311_address_ambiguous``, ``open311_address_apart``, ``open311_elsewhere``.
    ExceptionGroup
        Of all that is wrong with the attributes.
    ForbiddenError
        When the actor may report no cases there.
    """
    district = jurisdiction(form.jurisdiction_id, districts_on(session, local_date(now)))
    type_ = catalogue_on(session, now).type(form.service_code)
    ask = _ask(session, form, type_, now)
    retry = None if key is None else intake.Retry(keyed(actor, key, "open311", _said(form)), lambda c: _body(c, lang))
    reported = intake.report(session, actor, ask, now=now, retry=retry, attached=_attached(form))
    if isinstance(reported, Answered):
        return Created(**reported.body)
    if isinstance(reported, intake.Known):  # of a device's own name, which no form gives
        raise TypeError("a form has no client_id")
    if district is not None and reported.facts.district_code != district:
        raise RuleViolationError(
            "open311_elsewhere", field="jurisdiction_id", value=district, found=reported.facts.district_code or "—"
        )
    if form.media_url is not None:
        session.add(RequestMedia(case_id=reported.case_id, url=form.media_url))
        session.flush()
    return Created(**_body(reported, lang))


def _ask(session: Session, form: Form, type_: CaseType, now: datetime) -> ReportAsk:
    place = place_of(session, form, local_date(now))
    return ReportAsk(
        lon=place.lon,
        lat=place.lat,
        type=type_.code,
        source=CaseSource.PUBLIC,
        description=form.description,
        address=place.address,
        fields=fields_of(form.attributes, type_),
    )


def _attached(form: Form) -> intake.Attached:
    """Return how whoever reports can be reached."""
    if not form.contact:
        return intake.Attached()
    phone, email = form.contact.get("phone"), form.contact.get("email")
    return intake.Attached(reporter=Reporter(full_name(form.contact), phone, email, consent=True))


def _body(case: intake.Reported, lang: Language) -> dict[str, str]:
    notice = text("open311.notice", lang, case_no=case.case_no)
    return {"service_request_id": case.case_no, "service_notice": notice}


def _said(form: Form) -> str:
    """Return all that a form says, to tell one request from another; kept as a hash alone."""
    return json.dumps({**vars(form), "contact": dict(form.contact)}, sort_keys=True, default=str)


def _service(catalogue: Catalogue, type_: CaseType, lang: Language) -> dict[str, object]:
    class_ = catalogue.classes.get(type_.class_code)
    named = [type_.name, *([class_.name] if class_ else [])]
    siblings = [found.name for code in sorted(type_.siblings) if (found := catalogue.types.get(code)) is not None]
    words = [each.said(other) for other in LANGUAGES for each in (*named, *siblings)]
    return {
        "service_code": type_.code,
        "service_name": type_.name.said(lang),
        "description": type_.collection.said(lang) or None,
        "metadata": bool(type_.fields),
        "type": "realtime",
        "keywords": ", ".join(dict.fromkeys(word.replace(",", " ") for word in words if word)),
        "group": class_.name.said(lang) if class_ else type_.class_code,
    }


def _attribute(spec: FieldSpec, order: int, lang: Language) -> dict[str, object]:
    return {
        "variable": spec.variable,
        "code": spec.code,
        "datatype": str(spec.type),
        "required": spec.required,
        "datatype_description": text(f"field_type.{spec.type}", lang),
        "order": order,
        "description": spec.description.said(lang),
        "values": [{"key": key, "name": name.said(lang)} for key, name in spec.values],
    }
