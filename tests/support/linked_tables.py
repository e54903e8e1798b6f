"""What the tables of a page say, and where their cells lead."""

from html.parser import HTMLParser


class Numbers(HTMLParser):
    """The cells of a page's tables by table and row, each with its address."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[tuple[str, str | None]]]] = {}
        self._rows: list[list[tuple[str, str | None]]] = []
        self._inside, self._text = False, ""
        self._link: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self._rows = self.tables[str(given["id"])] = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._inside, self._link, self._text = True, None, ""
        elif tag == "a" and self._inside:
            self._link = given["href"]

    def handle_data(self, data: str) -> None:
        self._text += data if self._inside else ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._rows[-1].append((self._text, self._link))
            self._inside = False
