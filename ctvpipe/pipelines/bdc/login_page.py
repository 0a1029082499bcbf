"""What stands in a page of Sonar's web application that matters for logging in (facts 1.6)."""

from __future__ import annotations

from html.parser import HTMLParser

from ctvpipe.sources.http import Answer


class LoginPage(HTMLParser):
    """A page: its CSRF token, empty where it has none, and whether it asks for a password."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._meta = self._input = ""
        self.asks_for_password = False
        self.feed(answer.body.decode("utf-8", "replace"))
        self.close()
        self.token = (answer.headers.get("x-meta-csrf-token") or self._meta or self._input).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at what may hold the token, and at what asks for a password."""
        said = {name: value or "" for name, value in attrs}
        if tag == "meta" and said.get("name") == "csrf-token":
            self._meta = said.get("content", "")
        elif tag == "input":
            if said.get("name") == "_token":
                self._input = said.get("value", "")
            self.asks_for_password |= "password" in {said.get("name"), said.get("type")}
