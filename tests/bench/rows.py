"""A line of the bench: a figure, its bar, and what it was made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """``figure`` must not pass ``bar``; ``unit`` is ``x`` for ratios."""

    what: str
    figure: float
    bar: float
    unit: str
    measured: str

    @property
    def met(self) -> bool:
        return self.figure <= self.bar

    @property
    def shown(self) -> str:
        return f"{self.figure:.2f} {self.unit}" if self.unit == "x" else f"{self.figure:,.0f} {self.unit}"

    @property
    def bar_shown(self) -> str:
        return f"<= {self.bar:g} {self.unit}"

    def as_dict(self) -> dict[str, object]:
        return {**asdict(self), "met": self.met}
