"""The circuits' part of the demo: the orders of two days, and a device API and a registry of addresses on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from tests.fakes import meraki_api, rdap_registry, tracking_csv
from tests.fakes.rdap_registry import Registered

_CIRCUITS, _NEWLY_ENABLED = 300, 4
_BLOCK = "8.8.0.0/16"  # an address must be a global one to be asked for; nothing outside of this machine is
_YESTERDAY, _TODAY = (date.today() - timedelta(days=days) for days in (1, 0))


def night(root: Path) -> tuple[tuple[str, ...], ...]:
    """The commands of yesterday's orders, and of a night."""
    before = tracking_csv.path_for(root / "circuitinfo", _YESTERDAY)
    return (
        ("circuits", "import", str(before), "--force"),
        ("circuits", "import"),
        ("circuits", "meraki"),
        ("circuits", "meraki", "--all-orgs"),
        ("circuits", "enrich"),
        ("circuits", "enablement"),
        ("circuits", "history"),
    )


@contextmanager
def world(root: Path) -> Iterator[dict[str, Path | str]]:
    """Write the orders below ``root``, and serve the rest; gives the settings that go with them."""
    orders = tracking_csv.Spec(circuits=_CIRCUITS, oddities=False, reference=_TODAY, addresses=_BLOCK)
    today = tracking_csv.rows(orders)
    enabled = [row["record_number"] for row in today if row["status"] == "Enabled"][:_NEWLY_ENABLED]
    before = [row | {"status": "Ready for Enablement"} if row["record_number"] in enabled else row for row in today]
    tracking_csv.write(tracking_csv.path_for(root / "circuitinfo", _TODAY), today)
    tracking_csv.write(tracking_csv.path_for(root / "circuitinfo", _YESTERDAY), before)
    devices = meraki_api.Spec(appliances=_CIRCUITS // 2, networks=_CIRCUITS // 2 + 10, devices=900, tracking=orders)
    with meraki_api.serving(devices) as api, rdap_registry.serving(Registered(_BLOCK, "Acme Telecom LLC")) as registry:
        print(f"{root / 'circuitinfo'}: {len(today)} orders; a device API and a registry on loopback", flush=True)
        yield {
            "CIRCUITS_DATABASE_PATH": root / "data" / "database" / "circuits.db",
            "TRACKING_DATA_DIR": root / "circuitinfo",
            "RDAP_URL": registry.url,
            **api.settings,
        }
