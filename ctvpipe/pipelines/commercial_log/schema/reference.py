"""Reference data of migration 0001 (facts 3.9, 3.10, 4); ids follow the order."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

_BEGINNING = date(2000, 1, 1)
_STANDARD, _DALLAS = 1, 2

LANGUAGES = (
    ("E", "English", "English"),
    ("M", "Mandarin", "Chinese"),
    ("C", "Cantonese", "Chinese"),
    ("T", "Tagalog", "Filipino"),
    ("Hm", "Hmong", "Hmong"),
    ("SA", "South Asian", "South Asian"),
    ("V", "Vietnamese", "Vietnamese"),
    ("K", "Korean", "Korean"),
    ("J", "Japanese", "Japanese"),
    ("M/C", "Mandarin and Cantonese", "Chinese"),
    ("P", "Punjabi", "South Asian"),
    ("H", "Hindi", "South Asian"),
)
MARKETS = (
    ("NYC", "NEW YORK", "Northeast"),
    ("CVC", "CENTRAL VALLEY", "West"),
    ("SFO", "SAN FRANCISCO", "West"),
    ("CMP", "CHI MSP", "Midwest"),
    ("HOU", "HOUSTON", "South"),
    ("LAX", "LOS ANGELES", "West"),
    ("SEA", "SEATTLE", "West"),
    ("DAL", "DALLAS", "South"),
)
SECTORS = (
    *("AUTO", "CPG", "INS", "OUTR", "TECH", "FIN", "HEALTH", "RETAIL", "TELCO", "MEDIA", "GOV", "EDU", "NPO", "OTHER"),
    *("CASINO", "POLITICAL"),
)
SCHEDULES = ("Standard Grid", "Dallas Grid")


def insert(op: Any) -> None:
    """Insert the rows through Alembic's operations ``op``."""
    rows: dict[str, list[dict[str, Any]]] = {
        "languages": [
            {"language_code": code, "language_name": name, "language_group": group} for code, name, group in LANGUAGES
        ],
        "markets": [{"market_code": code, "market_name": name, "region": region} for code, name, region in MARKETS],
        "sectors": [{"sector_code": code, "sector_name": code.title()} for code in SECTORS],
        "programming_schedules": [
            {
                "schedule_name": name,
                "schedule_version": "1.0",
                "schedule_type": "grid",
                "effective_start_date": _BEGINNING,
                "created_by": "system",
            }
            for name in SCHEDULES
        ],
        "schedule_market_assignments": [
            {
                "schedule_id": _DALLAS if code == "DAL" else _STANDARD,
                "market_id": number,
                "effective_start_date": _BEGINNING,
                "created_by": "system",
            }
            for number, (code, _, _) in enumerate(MARKETS, start=1)
        ],
    }
    for table, values in rows.items():
        columns = [sa.column(name, sa.Date if name.endswith("_date") else None) for name in values[0]]
        op.bulk_insert(sa.table(table, *columns), values)
