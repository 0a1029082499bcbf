"""The UM API: departments, and people's appointments in them (facts 4.0, 4.1, 4.2). How its lists are read: ``um_pages``."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Self
from urllib.parse import quote

from ctvpipe.core.errors import ConfigurationError, PermanentError, Skipped
from ctvpipe.pipelines.directory import canonical, um_pages
from ctvpipe.pipelines.directory.records import Failed, Record, Stream
from ctvpipe.pipelines.directory.settings import UmApiSettings
from ctvpipe.pipelines.directory.streams import UMAPI_DEPARTMENTS, UMAPI_EMPLOYEES
from ctvpipe.sources import oauth
from ctvpipe.sources.http import Client, StatusError
from ctvpipe.sources.pacing import Patience
from ctvpipe.sources.tokens import RenewedToken, Token

_CALLED = "the UM API"
_SCOPE = "department"
# By the standard a client that is not known is answered 400 or 401.
_REFUSED = frozenset({400, 401, 403})


class Api:
    """The API with the key of one client, to be closed.

    ``until``: as of ``Client``. Raises ``Skipped`` where it is not configured, ``ConfigurationError`` where a part of
    its settings is missing. A list that is read to its end is complete; errors are those of ``um_pages.items``, and
    ``PermanentError`` where the key is refused.
    """

    def __init__(
        self,
        settings: UmApiSettings,
        *,
        patience: Patience | None = None,
        until: float = math.inf,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not settings.um_base_url:
            raise Skipped(f"{_CALLED} is not configured (UM_BASE_URL)")
        self._key, self._secret = (
            settings.um_client_key.get_secret_value(),
            settings.um_client_secret.get_secret_value(),
        )
        needed = {
            "UM_CATEGORY_ID": settings.um_category_id, "UM_CLIENT_KEY": self._key, "UM_CLIENT_SECRET": self._secret
        }  # fmt: skip
        if missing := [name for name, value in needed.items() if not value]:
            raise ConfigurationError(f"{_CALLED} needs {', '.join(missing)} as well as UM_BASE_URL")
        self._url = f"{settings.um_base_url}/{quote(settings.um_category_id, safe='')}/Department/v2"
        self._token_url = token_url(settings.um_base_url)
        client = partial(Client, called=_CALLED, patience=patience or Patience(), until=until, sleep=sleep)
        self._signing_in = client(called=f"the sign-in of {_CALLED}")
        self._asking = client(auth=RenewedToken(self._sign_in))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._asking.close()
        self._signing_in.close()

    @property
    def requests(self) -> int:
        """How many requests went out."""
        return self._asking.sent + self._signing_in.sent

    @property
    def rate_limited(self) -> int:
        """How many of them were answered 429."""
        return self._asking.limited + self._signing_in.limited

    def departments(self) -> Iterator[Record | Failed]:
        """Every department."""
        return self._records(UMAPI_DEPARTMENTS, um_pages.DEPARTMENTS)

    def employees(self) -> Iterator[Record | Failed]:
        """Every appointment: a person may have several (P3)."""
        return self._records(UMAPI_EMPLOYEES, um_pages.EMPLOYEES)

    def _records(self, stream: Stream, listing: um_pages.Listing) -> Iterator[Record | Failed]:
        return canonical.records(stream, um_pages.items(self._asking, self._url, listing))

    def _sign_in(self) -> Token:
        try:
            return oauth.client_credentials(
                self._signing_in, self._token_url, key=self._key, secret=self._secret, scope=_SCOPE
            )
        except StatusError as error:
            if error.status in _REFUSED:
                raise PermanentError(
                    f"{_CALLED} refuses its key ({error.status})", "Check UM_CLIENT_KEY and UM_CLIENT_SECRET."
                ) from None
            raise


def token_url(base: str) -> str:
    """Where tokens are given: at ``/um/oauth2/token`` of the gateway, whose address ``UM_BASE_URL`` is, with ``/um``."""
    return f"{base.removesuffix('/um')}/um/oauth2/token"
