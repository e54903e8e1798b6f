"""The types and states of a service point."""

from enum import StrEnum


class ServicePointType(StrEnum):
    """What a service point offers."""

    ELDERLY_SERVICE_POINT = "elderly_service_point"
    ELDERLY_SERVICE_CENTRE = "elderly_service_centre"
    MEAL_POINT = "meal_point"
    COMMUNITY_CANTEEN = "community_canteen"
    DAY_CARE_CENTRE = "day_care_centre"
    ELDERLY_CARE_HOME = "elderly_care_home"
    ACTIVITY_ROOM = "activity_room"
    MEDICAL = "medical"
    SERVICE_DESK = "service_desk"
    PROPERTY_SERVICE_STATION = "property_service_station"
    """一站服务, 物业工作室: repairs and letting matters of housing in one place."""


class PointStatus(StrEnum):
    """Whether a service point serves today; only open points cover anybody."""

    OPEN = "open"
    PLANNED = "planned"
    CLOSED = "closed"


ELDERLY_TYPES: tuple[ServicePointType, ...] = (
    ServicePointType.ELDERLY_SERVICE_POINT,
    ServicePointType.ELDERLY_SERVICE_CENTRE,
    ServicePointType.MEAL_POINT,
    ServicePointType.COMMUNITY_CANTEEN,
    ServicePointType.DAY_CARE_CENTRE,
    ServicePointType.ACTIVITY_ROOM,
)
"""The types that elders walk to: what the 20-minute elderly service circle counts where no type is named.

Care homes are lived in; medical points, service desks and property service stations are for everybody.
"""
