"""What holds for managed components without a database: their identifiers, their states."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gridmgmt.errors import Problem


class ComponentState(StrEnum):
    """How a managed component is."""

    IN_USE = "in_use"
    DAMAGED = "damaged"
    MISSING = "missing"
    ABANDONED = "abandoned"
    """Stands, and is of no use any more."""
    REMOVED = "removed"


class CodePart(StrEnum):
    """What the digits of one segment of a component's identifier tell."""

    COUNTY = "county"
    MAJOR = "major"
    MINOR = "minor"
    SERIAL = "serial"


@dataclass(frozen=True)
class IdentifierScheme:
    """How identifiers of components are made up; the digits of class and type stand next to each other.

    Parameters
    ----------
    segments
        What each tells, and of how many digits, in order.
    """

    name: str
    segments: tuple[tuple[CodePart, int], ...]

    @property
    def digits(self) -> int:
        """The length of an identifier."""
        return sum(digits for _, digits in self.segments)

    @property
    def form(self) -> str:
        """The lengths of the segments.

        >>> COMPONENT_16.form
        '6+2+2+6'
        """
        return "+".join(str(digits) for _, digits in self.segments)

    def parts(self, code: str) -> dict[CodePart, str]:
        """Return the digits of each segment of an identifier of the right length.

        >>> COMPONENT_16.parts("3101130102000042")[CodePart.SERIAL]
        '000042'
        """
        found, at = {}, 0
        for name, digits in self.segments:
            found[name] = code[at : at + digits]
            at += digits
        return found

    def type_of(self, code: str) -> str:
        """Return the type that an identifier of the right length names: the digits of class and type.

        >>> COMPONENT_16.type_of("3101130102000042")
        '0102'
        """
        parts = self.parts(code)
        return parts.get(CodePart.MAJOR, "") + parts.get(CodePart.MINOR, "")


COMPONENT_16 = IdentifierScheme(
    "component_16", ((CodePart.COUNTY, 6), (CodePart.MAJOR, 2), (CodePart.MINOR, 2), (CodePart.SERIAL, 6))
)


def check_identifier(
    code: str, scheme: IdentifierScheme, *, type_: str | None = None, county: str | None = None
) -> Problem | None:
    """Return why a text is no identifier of a component, None where it is one.

    Parameters
    ----------
    type_, county
        The type that is stated beside it, and the district that the component lies in; None where neither is known.

    Returns
    -------
    Problem
        Without a row; its code is ``component_code_`` and ``length``, ``digits``, ``serial``, ``type`` or ``county``.

    >>> check_identifier("3101130102000042", COMPONENT_16, type_="0102", county="310113")
    >>> check_identifier("3101130102000042", COMPONENT_16, county="310112").code
    'component_code_county'
    """
    if len(code) != scheme.digits:
        fields = {"value": code, "found": len(code), "digits": scheme.digits, "form": scheme.form}
        return Problem(None, "component_code_length", fields)
    if not (code.isascii() and code.isdigit()):
        return Problem(None, "component_code_digits", {"value": code, "form": scheme.form})
    parts = scheme.parts(code)
    if not int(parts.get(CodePart.SERIAL, "1")):
        return Problem(None, "component_code_serial", {"value": code})
    if type_ is not None and type_ != scheme.type_of(code):
        return Problem(None, "component_code_type", {"value": code, "type": type_, "found": scheme.type_of(code)})
    if county is not None and parts.get(CodePart.COUNTY, county) != county:
        fields = {"value": code, "county": county, "found": parts[CodePart.COUNTY]}
        return Problem(None, "component_code_county", fields)
    return None


@dataclass(frozen=True)
class ComponentFacts:
    """What the register says of a component; where it stands is told apart.

    ``owner_code`` and ``maintainer_code`` are departments: whose it is, and who keeps it in order.
    """

    name: str | None = None
    state: ComponentState = ComponentState.IN_USE
    owner_code: str | None = None
    maintainer_code: str | None = None
    put_in_service_on: date | None = None
    removed_on: date | None = None


FACTS = tuple(ComponentFacts.__dataclass_fields__)
"""The names of what a change may change."""


def impossible(facts: ComponentFacts) -> Problem | None:
    """Return why a component cannot be so, None where it can.

    Returns
    -------
    Problem
        Without a row; ``component_removed_early`` when it was removed before it was put in service,
        ``component_removed_state`` when it has a day of removal and another state than removed.
    """
    begun, removed = facts.put_in_service_on, facts.removed_on
    if begun is not None and removed is not None and removed < begun:
        return Problem(None, "component_removed_early", {"begun": begun, "removed": removed})
    if removed is not None and facts.state is not ComponentState.REMOVED:
        return Problem(None, "component_removed_state", {"removed": removed, "state": facts.state})
    return None


def scheme_of(name: str, segments: Mapping[str, int]) -> IdentifierScheme:
    """Return the scheme of named segments, in their order."""
    return IdentifierScheme(name, tuple((CodePart(part), digits) for part, digits in segments.items()))
