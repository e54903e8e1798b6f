"""The profile of an area as the interface answers it."""

from collections.abc import Mapping

from api.area_profile_schemas import (
    AreaProfileOut,
    ProfileChildOut,
    ProfileComparedOut,
    ProfileEntryOut,
    ProfileFigureOut,
    ProfileLeftOut,
    ProfileSectionOut,
    ProfileThenOut,
)
from api.boundary_schemas import PassageOut
from api.routes import PREFIX
from api.schemas import AreaLite, AreaOut
from gridmgmt.area_profiles.rules import Change, ChildRow, Entry, Figure, Said, Section, SectionName, address, in_path
from gridmgmt.area_profiles.service import Comparison, Profile
from gridmgmt.reports.area_profile_words import change_text, comparison_note, figure_text
from gridmgmt.texts import Language, text

Changes = Mapping[tuple[SectionName, str], Change]


def profile_out(found: Profile, beside: Comparison | None, lang: Language, *, synthetic: bool) -> AreaProfileOut:
    """Return a profile, and beside each figure the one of another day where there is one."""
    changes = None if beside is None else beside.changes
    here = f"{PREFIX}/areas/{in_path(found.area.code)}"
    return AreaProfileOut(
        area=AreaOut.model_validate(found.area),
        on=found.on,
        above=[AreaLite.model_validate(each) for each in found.above],
        children=[_child(each, found) for each in found.children],
        sections=[_section(each, changes, lang) for each in found.sections],
        left_out=[
            ProfileLeftOut(section=each.section, title=_title(each.section, lang), why=each.why.in_(lang))
            for each in found.left_out
        ],
        compared=None if beside is None else _compared(beside, found, lang),
        synthetic=synthetic,
        links={
            "self": f"{here}/profile?on={found.on}",
            "area": f"{here}?on={found.on}",
            "yearbook": f"{here}/yearbook?year={found.on.year}",
        },
    )


def _compared(beside: Comparison, found: Profile, lang: Language) -> ProfileComparedOut:
    passages = [] if beside.then is not None else beside.ends if beside.on > found.on else beside.origins
    return ProfileComparedOut(
        on=beside.on,
        in_force=beside.then is not None,
        edition=None if beside.then is None else beside.then.edition,
        area_m2=None if beside.then is None else beside.then.area_m2,
        note=comparison_note(beside, found.on, lang),
        passages=[PassageOut.model_validate(each) for each in passages],
    )


def _child(row: ChildRow, found: Profile) -> ProfileChildOut:
    profile = address(f"/areas/{in_path(row.code)}/profile", on=found.on)
    return ProfileChildOut(**vars(row), links={"profile": profile})


def _title(name: SectionName, lang: Language) -> str:
    return text(f"area_profile.section.{name}", lang)


def _section(section: Section, changes: Changes | None, lang: Language) -> ProfileSectionOut:
    return ProfileSectionOut(
        name=section.name,
        title=_title(section.name, lang),
        notes=[each.in_(lang) for each in section.notes],
        figures=[
            _figure(each, None if changes is None else changes[section.name, each.name], lang)
            for each in section.figures
        ],
        entries=[_entry(each, lang) for each in section.entries],
        total=section.total,
    )


def _entry(entry: Entry, lang: Language) -> ProfileEntryOut:
    return ProfileEntryOut(name=entry.name, note=_said(entry.note, lang), href=entry.href, page=entry.page)


def _figure(figure: Figure, change: Change | None, lang: Language) -> ProfileFigureOut:
    plain = ("name", "unit", "value", "below", "bound", "numerator", "denominator", "state", "as_of", "href", "page")
    return ProfileFigureOut(
        **{name: getattr(figure, name) for name in plain},
        label=figure.label.in_(lang),
        text=figure_text(figure, lang),
        source=_said(figure.source, lang),
        then=None if change is None or change.figure is None else _then(change.figure, lang),
        difference=None if change is None else change.difference,
        difference_text=None if change is None else change_text(figure, change, lang),
    )


def _then(figure: Figure, lang: Language) -> ProfileThenOut:
    return ProfileThenOut(
        value=figure.value,
        text=figure_text(figure, lang),
        state=figure.state,
        as_of=figure.as_of,
        href=figure.href,
        page=figure.page,
    )


def _said(words: Said | None, lang: Language) -> str | None:
    return None if words is None else words.in_(lang)
