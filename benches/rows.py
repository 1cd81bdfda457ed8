"""The lines of the table: what was measured, beside its target."""

from dataclasses import dataclass


@dataclass
class Row:
    """One line of the table. `met` is `None` for what has no target and is told beside the rest."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None


def at_most(what, value, limit, text="{:.2f}"):
    return Row(what, text.format(value), "at most " + text.format(limit), value <= limit)
