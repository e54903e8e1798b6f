"""A client library of others reads what is served: `georeport`, which knows nothing of this project."""

from collections.abc import Iterator

import pytest
from georeport import GeoReport

from tests.support.open311 import BASE, Folder, open311_folder


@pytest.fixture(scope="module")
def folder(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """A folder with two districts, so that a client has to name one."""
    with open311_folder(module_database_url, tmp_path_factory.mktemp("open311"), districts=2) as found:
        yield found


def client(folder: Folder, format_: str, district: str = "310113") -> GeoReport:
    return GeoReport(f"{folder.client.base_url}{BASE}", district, output_format=format_)


@pytest.mark.parametrize("format_", ["json", "xml"])
def test_the_library_reads_services_and_requests(folder: Folder, format_: str) -> None:
    first, second = (folder.made(jurisdiction_id="310113", description=f"深 < {n} cm & 宽") for n in (1, 2))
    library = client(folder, format_)
    services = {each["service_code"]: each for each in library.get_service_list()}
    assert services["0101"]["service_name"] == "上水井盖"
    definition = library.get_service_definition("0101")
    assert definition["service_code"] == "0101"
    assert "danger" in str(definition["attributes"])
    found = library.get_service_requests(service_request_id=f"{first},{second}")
    assert {each["service_request_id"] for each in found} == {first, second}
    one = library.get_service_request(first)
    assert (one["description"], one["status"], one["service_code"]) == ("深 < 1 cm & 宽", "open", "0101")
    listed = library.get_service_requests(
        service_code="0101", status="open", start_date="2026-01-01T00:00:00Z", end_date="2026-01-31T00:00:00Z"
    )
    assert {first, second} <= {each["service_request_id"] for each in listed}


def test_the_library_hears_of_errors_by_their_status(folder: Folder) -> None:
    for library, status in ((client(folder, "json", "sfgov.org"), 404), (client(folder, "xml", ""), 400)):
        with pytest.raises(OSError, match=f"^{status} Client Error"):
            library.get_service_list()
