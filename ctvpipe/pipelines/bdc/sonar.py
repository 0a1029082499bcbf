"""Sonar as the import asks it: the report, the details of customers, equipment, and the lists that give names to ids."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Self

from ctvpipe.core.errors import ContractError, CtvpipeError, TransientError
from ctvpipe.pipelines.bdc import calibrating, inventory, report
from ctvpipe.pipelines.bdc.access import Access
from ctvpipe.pipelines.bdc.checking import DriftError
from ctvpipe.pipelines.bdc.details import Account, account
from ctvpipe.pipelines.bdc.fetching import Fetching
from ctvpipe.pipelines.bdc.layout import Layout
from ctvpipe.pipelines.bdc.records import AccountType, Detail, Item, Manufacturer, Model, Status
from ctvpipe.pipelines.bdc.report import Report
from ctvpipe.pipelines.bdc.sonar_v1 import V1
from ctvpipe.pipelines.bdc.sonar_web import Web
from ctvpipe.sources.clients import Traffic
from ctvpipe.sources.gate import Gate
from ctvpipe.sources.http import StatusError

_UNSEEN = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class Sonar:
    """Both of its families of endpoints, through one gate; to be closed.

    Errors are those of ``Client.request``: ``PermanentError`` where Sonar refuses who asks, ``StatusError`` 403 for
    what the user may not see.
    """

    def __init__(self, access: Access) -> None:
        self._number = access.workers
        self._gate = Gate(access.workers)
        self._web, self._v1 = Web(access, self._gate), V1(access, self._gate)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Whoever still waits is let go."""
        self._gate.close()
        self._web.close()
        self._v1.close()

    @property
    def traffic(self) -> Traffic:
        """All that it was asked."""
        return self._web.traffic + self._v1.traffic

    @property
    def logins(self) -> int:
        """How often the web application was logged in to."""
        return self._web.logins

    @property
    def pauses(self) -> int:
        """How often it asked everybody to wait."""
        return self._gate.pauses

    def report(self, candidates: Sequence[Layout]) -> Report:
        """The contact report, laid out as one of ``candidates``: errors of ``Report`` as well."""
        return Report(self._web.report(report.require_whole), candidates)

    def confirm(self, found: Report, due: Collection[int]) -> dict[int, Detail]:
        """The details of a few of the customers who are ``due``, against whose addresses the report is checked.

        They need not be asked for again. Nobody due: nothing is asked, for whatever is laid out otherwise than before
        makes everybody due. Raises ``DriftError`` where the report says something else than the accounts.
        """
        sample = found.fullest(due, calibrating.SAMPLE)
        known = self._accounts(id_ for id_, _ in sample)
        pairs = [(row, known[id_].address) for id_, row in sample if id_ in known]
        wrong = calibrating.findings(pairs, found.layout)
        if due and (statuses := self._statuses()) is not None:
            cells = (found.layout.cell(row, "status") for row in found.even_rows())
            wrong += calibrating.status_findings(cells, statuses, found.layout)
        if wrong:
            raise DriftError(f"the contact report, read as {found.layout.name}, contradicts the accounts", wrong)
        return {id_: one.detail for id_, one in known.items()}

    def details(self, ids: Iterable[int], *, items: bool, known: Mapping[int, Detail] | None = None) -> Fetching:
        """The details of customers, those in ``known`` without being asked for again; ``items``: with their equipment."""
        had = dict(known or {})

        def ask(id_: int) -> Detail:
            detail = had.pop(id_, None) or account(self._web.account(id_), id_).detail
            return replace(detail, items=self._items_of(id_)) if items else detail

        return Fetching(ask, ids, self._number)

    def items(self) -> Iterator[Item]:
        """All equipment, with whose it is, in no order. Raises ``StatusError`` 403 where the user may not see it."""
        return inventory.records(self._v1.items("inventory/items"), inventory.item, "equipment")

    def models(self) -> list[Model]:
        """All models of equipment."""
        return list(inventory.records(self._v1.items("inventory/models"), inventory.model, "models"))

    def manufacturers(self) -> list[Manufacturer]:
        """All who make equipment."""
        return list(
            inventory.records(self._v1.items("inventory/manufacturers"), inventory.manufacturer, "manufacturers")
        )

    def statuses(self) -> list[Status]:
        """The statuses that accounts may have."""
        return list(inventory.records(self._v1.items("system/account_statuses"), inventory.status, "statuses"))

    def account_types(self) -> list[AccountType]:
        """The types that accounts may be of."""
        return list(inventory.records(self._v1.items("system/account_types"), inventory.account_type, "account types"))

    def version(self) -> str | None:
        """Sonar's version; ``None`` where it does not tell."""
        try:
            return self._v1.version()
        except StatusError:
            return None

    def _accounts(self, ids: Iterable[int]) -> dict[int, Account]:
        """Those of the accounts that can be had. Raises why where that is none."""
        found: dict[int, Account] = {}
        failure: CtvpipeError | None = None
        for id_ in ids:
            try:
                found[id_] = account(self._web.account(id_), id_)
            except StatusError as error:
                failure = error if error.status not in _UNSEEN else failure
            except (ContractError, TransientError) as error:
                failure = error
        if failure is not None and not found:
            raise failure
        return found

    def _items_of(self, id_: int) -> tuple[Item, ...]:
        found = self._v1.items(f"accounts/{id_}/inventory_items")
        return tuple(inventory.records(found, inventory.item_of(id_), "equipment of an account"))

    def _statuses(self) -> frozenset[str] | None:
        """The names of the statuses; ``None`` where the user may not see them."""
        try:
            return frozenset(one.name for one in self.statuses())
        except StatusError as error:
            if error.status not in _UNSEEN:
                raise
            return None
