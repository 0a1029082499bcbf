"""The OAuth 2 grant by which a program signs in for itself: client credentials (RFC 6749, 4.4)."""

from __future__ import annotations

from typing import Any

from ctvpipe.sources.http import Answer, Client, WrongBodyError
from ctvpipe.sources.tokens import Token, is_sendable


def client_credentials(client: Client, url: str, *, key: str, secret: str, scope: str) -> Token:
    """The token that the server at ``url`` gives the client ``key``. Errors as of ``Client.request``;
    ``ContractError`` for an answer without a token or its lifetime.
    """
    form = {"grant_type": "client_credentials", "client_id": key, "client_secret": secret, "scope": scope}
    found: list[Token] = []

    def check(answer: Answer) -> None:
        found[:] = [_token(answer.json(), client)]

    client.request("POST", url, data=form, check=check)
    return found[0]


def _token(answer: Any, client: Client) -> Token:
    said = answer if isinstance(answer, dict) else {}
    value, seconds = said.get("access_token"), said.get("expires_in")
    try:
        life = float(seconds)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        life = 0.0
    if not is_sendable(value) or not life > 0:
        raise WrongBodyError(f"{client.called or 'the server'} answered without a token", "Check its address.")
    return Token(value, life)
