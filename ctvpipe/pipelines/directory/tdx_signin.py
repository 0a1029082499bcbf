"""How one signs in to TDX (facts 4.0): by the first that is set of BEID and key, user and password, token (facts 1.8)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from functools import partial

from requests.auth import AuthBase

from ctvpipe.core.errors import ConfigurationError, PermanentError
from ctvpipe.pipelines.directory.settings import TdxSettings
from ctvpipe.sources.http import Answer, Bearer, Client, StatusError, WrongBodyError
from ctvpipe.sources.tokens import RenewedToken, Token, is_jwt, seconds_left

_CALLED = "the sign-in of TDX"
_REFUSED = frozenset({400, 401, 403})


def auth(settings: TdxSettings, client: Client, *, now: Callable[[], float] = time.time) -> AuthBase:
    """What signs the calls; ``client`` is the one that signs in, at the first call.

    Raises ``ConfigurationError`` where nothing is set, or only half, and for a token that has expired. At the first
    call: ``PermanentError`` where TDX refuses what is set, and what ``Client.request`` raises.
    """
    ways = (
        ("loginadmin", {"TDX_BEID": ("BEID", settings.tdx_beid.get_secret_value()),
                        "TDX_WEB_SERVICES_KEY": ("WebServicesKey", settings.tdx_web_services_key.get_secret_value())}),
        ("", {"TDX_USERNAME": ("UserName", settings.tdx_username),
              "TDX_PASSWORD": ("Password", settings.tdx_password.get_secret_value())}),
    )  # fmt: skip
    for path, parts in ways:
        if all(value for _, value in parts.values()):
            address = f"{settings.tdx_base_url}/auth/{path}".rstrip("/")
            return RenewedToken(partial(_signed_in, client, address, dict(parts.values()), " and ".join(parts), now))
    if token := settings.tdx_api_token.get_secret_value():
        return _given(token, now())
    half = [name for _, parts in ways if any(value for _, value in parts.values()) for name in parts]
    names = " and ".join(half) or "TDX_BEID and TDX_WEB_SERVICES_KEY, or TDX_USERNAME and TDX_PASSWORD"
    raise ConfigurationError(f"TDX cannot be signed in to: {names} must be set")


def _given(token: str, now: float) -> Bearer:
    if seconds_left(token, now=now) <= 0:
        raise ConfigurationError("TDX_API_TOKEN has expired", "Get another, or set TDX_BEID and TDX_WEB_SERVICES_KEY.")
    return Bearer(token)


def _signed_in(client: Client, url: str, body: Mapping[str, str], names: str, now: Callable[[], float]) -> Token:
    try:
        answer = client.request("POST", url, json=body, check=_require_token)
    except StatusError as error:
        if error.status in _REFUSED:
            raise PermanentError(f"TDX refuses the sign-in ({error.status})", f"Check {names}.") from None
        raise
    token = _text(answer)
    left = seconds_left(token, now=now())
    return Token(token, left if math.isfinite(left) else 0.0)


def _require_token(answer: Answer) -> None:
    if not is_jwt(_text(answer)):
        raise WrongBodyError(f"{_CALLED} answered something that is no token", "Check TDX_BASE_URL.")


def _text(answer: Answer) -> str:
    """The bare token; some installations have it in quotes."""
    return answer.body.decode("utf-8", "replace").strip().strip('"')
