"""The empirical sentences of the paper as data: what each says, our verdict, and the figures behind it.

Figures are read from stored results each time, and every verdict comes with the condition under which it stands. So
other results change the figures, and a verdict that they do not bear out says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
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
VERDICT, MEASURED = "verdict", "what we measured"  # columns
LONG = 260  # characters of figures; of more the first part is open on a page, the rest folded
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
    """Sentences whose verdicts stand out on a page, by a sign, a colour and a word; of many figures most are folded.

    Example:
        >>> html = Verdicts(["the paper says", "verdict"], [["a VAE finds both modes", "holds at once"]])._repr_html_()
        >>> html[html.index("<span") : html.index("</td>")].split(">")
        [..., '✓ holds</span', ' at once']
    """

    KIND = "dataframe sentences verdicts"

    def _inside(self, column: str, text: str) -> str:
        html = super()._inside(column, text)
        for verdict, (sign, ground) in VERDICTS.items():
            if column == VERDICT and html.startswith(verdict):
                return f'<span style="{BADGE.format(ground)}">{sign} {verdict}</span>{html.removeprefix(verdict)}'
        first, several, rest = html.partition("<br>")
        if column == MEASURED and several and len(text) > LONG:
            return f"{first}<details><summary>more figures</summary>{rest}</details>"
        return html


def claims_table(claims: Iterable[Claim], folder: str | Path = SHIPPED) -> Table:
    """What the paper says, our verdict, what we measured, and where the book shows it: a row for each claim.

    Args:
        claims: in the order of the rows.
        folder: of results; that of the package by default. A verdict that they do not bear out says so, and a sentence
            about a run that is not there, or that kept no weights, is open.

    Returns:
        A :class:`Verdicts` with these four columns.

    Raises:
        ValueError: if a record is damaged.

    Example:
        >>> from cpvae_lite.study.claims_synthetic import SYNTHETIC
        >>> table = claims_table(SYNTHETIC[2:3])
        >>> table.rows[0][:2]
        ['INDq behaves like CP-VAE with 2 categories', 'holds at the best epoch, not at the last']
    """
    stored = cache(lambda table: Results(table, folder))
    return Verdicts(
        ["the paper says", VERDICT, MEASURED, "shown in"],
        [[claim.says, *_judged(claim, stored), claim.where] for claim in claims],
    )


def _judged(claim: Claim, stored: Stored) -> tuple[str, str]:
    try:
        return _verdict(claim, stored), claim.measured(stored)
    except (NotRunError, FileNotFoundError) as error:
        return f"{OPEN_HERE}: {error}", ""


def _verdict(claim: Claim, stored: Stored) -> str:
    return claim.verdict if claim.stands(stored) else claim.verdict + NOT_BORNE_OUT
