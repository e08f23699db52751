"""The empirical sentences of the paper as data: what each says, our verdict, and the figures behind it.

Figures are read from stored results each time, and every verdict comes with the condition under which it stands. So
other results change the figures, and a verdict that they do not bear out says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from cpvae_lite._arguments import one_of
from cpvae_lite.study.results import SHIPPED, NotRunError, Results
from cpvae_lite.tables import Sentences, Table

VERDICTS = {  # on a page each has a sign and a ground, on which white letters are readable
    "holds": ("✓", "#0072b2"),
    "does not hold": ("✗", "#a84400"),
    "depends": ("±", "#5c5c5c"),
    "open": ("?", "#5c5c5c"),
}
BADGE = "background: {}; color: #fff; border-radius: 0.3em; padding: 0.05em 0.4em; white-space: nowrap"
NUMBER = "font-size: 0.85em; opacity: 0.7"  # of a sentence, before it
HEADER = ("claim", "the paper says", "verdict", "what we measured", "shown in")
PLACE = re.compile(r"([\w-]+)#([\w-]+)")  # a page of the book and a section there
LONG = 260  # characters; of a longer text the first part is open on a page, the rest folded
OPEN_HERE = "open in these results"
NOT_BORNE_OUT = "; these results do not bear that out"

Stored = Callable[[str], Results]  # the results of a table by its name, as "synthetic"


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper that runs can bear out or not.

    Attributes:
        number: "S1a" for the first part of the first sentence about the synthetic data.
        says: the sentence in our words.
        verdict: begins with one of `VERDICTS`; for "depends", on what.
        where: the page and section of the book that show it, as "synthetic#all-models-five-seeds".
        measured: takes the results of a table by its name, and says what we measured, in plain text.
        stands: takes the same; whether the figures still bear out the verdict.

    Raises:
        ValueError: if the verdict is none.

    Example:
        >>> def modes(stored):
        ...     return stored("synthetic").over_seeds("vae", lambda measures: measures["generated"]["modes"])
        >>> claim = Claim(
        ...     "S0", "a VAE finds both modes", "holds", "synthetic#all-models-five-seeds",
        ...     measured=lambda stored: f"{modes(stored).format(1)} modes",
        ...     stands=lambda stored: modes(stored).mean == 2,
        ... )
        >>> claim.measured(Results), claim.stands(Results)
        ('2.0 ± 0.0 modes', True)
    """

    number: str
    says: str
    verdict: str
    where: str
    measured: Callable[[Stored], str]
    stands: Callable[[Stored], bool]

    def __post_init__(self):
        if not self.verdict.startswith(tuple(VERDICTS)):
            raise ValueError(f"{self.number}: {self.verdict!r} is no verdict; begin with one of {', '.join(VERDICTS)}")


def open_claim(number: str, says: str, where: str, verdict: str = "open: not run yet") -> Claim:
    """A sentence that our runs cannot judge, or not yet: it has no figures, and its verdict always stands.

    Args:
        number, says, where, verdict: as in :class:`Claim`.

    Raises:
        ValueError: if the verdict is none.

    Example:
        >>> claim = open_claim("G1", "CP-VAE generates well at every K", "omniglot#samples")
        >>> claim.verdict, claim.measured(Results)
        ('open: not run yet', '')
    """
    return Claim(number, says, verdict, where, measured=lambda stored: "", stands=lambda stored: True)


def numbered(claims: Iterable[Claim], *numbers: str) -> list[Claim]:
    """Some sentences by their numbers, for a page that speaks of these alone.

    Args:
        claims: all sentences.
        numbers: as "S1a", in the order of the rows.

    Raises:
        ValueError: if there is no such sentence.

    Example:
        >>> from cpvae_lite.study.claims_synthetic import SYNTHETIC
        >>> [claim.says for claim in numbered(SYNTHETIC, "S3b")]
        ['The VAE cannot be asked for one of the modes']
        >>> numbered(SYNTHETIC, "S3")
        Traceback (most recent call last):
        ValueError: unknown sentence 'S3'; did you mean 'S3c'? Known: S1a, S1b, S2a, ...
    """
    found = {claim.number: claim for claim in claims}
    return [found[one_of("sentence", number, found)] for number in numbers]


class Verdicts(Sentences):
    """Sentences of the paper, a row each with the columns of `HEADER`.

    On a page the number stands before its sentence, which leads to the place that shows it, and `claim-S1a` is an
    address. Verdicts stand out by a sign, a colour and a word. Of a long text all but the first part is folded.

    Example:
        >>> row = ["S0", "a VAE finds both modes", "holds at once", "2 modes", "synthetic#exercises"]
        >>> html = Verdicts(HEADER, [row])._repr_html_()
        >>> html[html.index("<a ") : html.index("</a>")], "✓ holds</span> at once" in html, 'id="claim-S0"' in html
        ('<a href="synthetic.html#exercises">a VAE finds both modes', True, True)
    """

    KIND = "dataframe sentences verdicts"

    def _head(self) -> str:
        return f"<tr>{''.join(self._cell('col', place, name) for place, name in enumerate(self.header[1:-1]))}</tr>"

    def _row(self, row: Sequence[str]) -> str:
        number, says, verdict, measured, where = row
        cells = (
            self._cell("row", 0, f'<span style="{NUMBER}">{escape(number)}</span> {_link(self._inside(says), where)}'),
            self._cell("", 1, self._badge(verdict)),
            self._cell("", 2, self._parts(";", measured, "more figures")),
        )
        return f'<tr id="claim-{escape(number)}">{"".join(cells)}</tr>'

    def _badge(self, verdict: str) -> str:
        """The verdict's word on its ground, and the condition behind it."""
        word = next(word for word in VERDICTS if verdict.startswith(word))
        sign, ground = VERDICTS[word]
        condition = self._parts(";:.", verdict.removeprefix(word), "more")
        return f'<span style="{BADGE.format(ground)}">{sign} {word}</span>{condition}'

    def _parts(self, ends: str, text: str, more: str) -> str:
        """The first part of a text, up to one of some marks, and the rest below it."""
        first, *rest = (self._inside(part) for part in re.split(rf"(?<=\S[{ends}]) ", text, maxsplit=1))
        if not rest:
            return first
        if len(text) > LONG:
            return f"{first}<details><summary>{more}</summary>{rest[0]}</details>"
        return f"{first}<br>{rest[0]}"


def _link(html: str, where: str) -> str:
    place = PLACE.fullmatch(where)
    return f'<a href="{place[1]}.html#{place[2]}">{html}</a>' if place else html


def claims_table(claims: Iterable[Claim], folder: str | Path = SHIPPED) -> Table:
    """A row for each claim: what the paper says, our verdict, what we measured, and where the book shows it.

    Args:
        claims: in the order of the rows.
        folder: of results; that of the package by default. A verdict that they do not bear out says so, and a sentence
            about a run that is not there, or that kept no weights, is open.

    Returns:
        A :class:`Verdicts`.

    Raises:
        ValueError: if a record is damaged.

    Example:
        >>> from cpvae_lite.study.claims_synthetic import SYNTHETIC
        >>> table = claims_table(SYNTHETIC[2:3])
        >>> table.rows[0][:3]
        ['S2a', 'INDq behaves like CP-VAE with 2 categories', 'holds at the best epoch, not at the last']
    """
    stored = cache(lambda table: Results(table, folder))
    return Verdicts(HEADER, [[claim.number, claim.says, *_judged(claim, stored), claim.where] for claim in claims])


def _judged(claim: Claim, stored: Stored) -> tuple[str, str]:
    try:
        return _verdict(claim, stored), claim.measured(stored)
    except (NotRunError, FileNotFoundError) as error:
        return f"{OPEN_HERE}: {error}", ""


def _verdict(claim: Claim, stored: Stored) -> str:
    return claim.verdict if claim.stands(stored) else claim.verdict + NOT_BORNE_OUT
