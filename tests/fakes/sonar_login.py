"""The login of the invented Sonar's web application: a form with a CSRF token, cookies, and a JWT call (facts of BDC 1.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Literal
from urllib.parse import parse_qs

from tests.fakes.loop_server import Request, Response

USER, PASSWORD = "invented-user-Flint", "invented-password-Jade-58"
# How a login that is over shows itself.
Over = Literal["html", "empty", "redirect", "401", "403", "419"]
Csrf = Literal["header", "meta", "input"]


@dataclass
class _Session:
    token: str
    signed_in: bool = False
    ready: bool = False
    calls: int = 0


@dataclass
class Logins:
    """Who is logged in. ``calls``: how many a login is good for; ``over``: what comes after; ``csrf``: where the token
    stands in a page. ``locked``: nobody is let in any more. ``count``: how many logins there were, ``wrong`` how often
    one was refused.
    """

    calls: int = 1_000_000
    over: Over = "html"
    csrf: Csrf = "header"
    locked: bool = False
    count: int = 0
    wrong: int = 0
    _sessions: dict[str, _Session] = field(default_factory=dict)

    @property
    def cookies(self) -> list[str]:
        """The cookies that were given out."""
        return list(self._sessions)

    def end_all(self) -> None:
        """Every login is over."""
        self._sessions.clear()

    def answer(self, request: Request) -> Response | None:
        """The answer to a request that logs in; ``None`` for any other."""
        match (request.method, request.path):
            case ("GET", "/"):
                return self._page()
            case ("POST", "/"):
                return self._post(request)
            case ("GET", "/home"):
                session = self._of(request)
                return self._home(session) if session and session.signed_in else self._page()
            case ("POST", "/security/jwt"):
                return self._jwt(request)
        return None

    def refusal(self, request: Request) -> Response | None:
        """What a call is answered whose login is not good, or is no more; ``None`` where it is."""
        session = self._of(request)
        if session is not None and session.ready:
            session.calls += 1
            if session.calls <= self.calls:
                return None
        match self.over:
            case "html":
                return Response(_LOGIN.encode(), kind="text/html")
            case "empty":
                return Response(b"")
            case "redirect":
                return Response(b"", 302, headers={"Location": "/"})
            case status:
                return Response(b'{"message": "Unauthenticated."}', int(status))

    def _of(self, request: Request) -> _Session | None:
        cookie = SimpleCookie(request.headers.get("cookie", "")).get("sonar_session")
        return self._sessions.get(cookie.value) if cookie else None

    def _page(self) -> Response:
        number = len(self._sessions) + 1
        session = _Session(f"invented-csrf-{number}")
        self._sessions[f"invented-session-{number}"] = session
        cookie = {"Set-Cookie": f"sonar_session=invented-session-{number}; Path=/; HttpOnly"}
        return self._with_token(_LOGIN, session, cookie)

    def _post(self, request: Request) -> Response:
        session = self._of(request)
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if session is None or form.get("_token") != session.token != request.headers.get("x-csrf-token"):
            return Response(b"<html>Page expired</html>", 419, "text/html")
        if self.locked or (form.get("username"), form.get("password")) != (USER, PASSWORD):
            self.wrong += 1
            return self._with_token(_LOGIN.replace("Sign in", "These credentials do not match"), session, {})
        session.signed_in = True
        return Response(b"", 302, headers={"Location": "/home"})

    def _home(self, session: _Session) -> Response:
        session.token += "-home"
        return self._with_token(_HOME, session, {})

    def _jwt(self, request: Request) -> Response:
        session = self._of(request)
        at_home = request.headers.get("referer", "").endswith("/home")
        if session is None or not at_home or request.headers.get("x-csrf-token") != session.token:
            return Response(b"<html>Page expired</html>", 419, "text/html")
        session.ready = True
        self.count += 1
        return Response(b'{"jwt": "invented-jwt"}')

    def _with_token(self, page: str, session: _Session, headers: dict[str, str]) -> Response:
        head = f'<meta name="csrf-token" content="{session.token}">' if self.csrf == "meta" else ""
        hidden = f"<input type='hidden' name='_token' value='{session.token}'>" if self.csrf == "input" else ""
        if self.csrf == "header":
            headers = {**headers, "x-meta-csrf-token": session.token}
        text = page.replace("<head>", f"<head>{head}").replace("</body>", f"{hidden}</body>")
        return Response(text.encode(), kind="text/html; charset=utf-8", headers=headers)


_LOGIN = (
    "<!DOCTYPE html><html><head><title>Sonar</title></head><body><form method=post><p>Sign in</p>"
    "<input name=username><input type='password' name='password'></form></body></html>"
)
_HOME = "<!DOCTYPE html><html><head><title>Home</title></head><body>Welcome</body></html>"
