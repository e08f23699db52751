"""The joint distribution q(x, c, z) = p_D(x) q(c|x) q(z|x,c) beside the model p, and averages under it.

Every term of the paper's decompositions is the expectation of one log-ratio of two densities, so `TERMS` is
a list of ratios. What a :class:`Joint` adds is how to look at a density and how to take an expectation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from cpvae_lite._arguments import one_of

# name: (the variables averaged over, density above, density below); None stands for 1.
TERMS: dict[str, tuple[str, str | None, str | None]] = {
    "A": ("x,c,z", "p(x|z,c)", None),
    "log K": ("c", None, "p(c)"),
    "log p(x)": ("x", "p(x)", None),
    "H(p_D)": ("x", None, "p_D(x)"),
    "H(q(c))": ("c", None, "q(c)"),
    "H(q(c|x))": ("x,c", None, "q(c|x)"),
    "I((z,c);x)": ("x,c,z", "q(z,c|x)", "q(z,c)"),
    "I(c;x)": ("x,c", "q(c|x)", "q(c)"),
    "I(z;x)": ("x,z", "q(z|x)", "q(z)"),
    "I(z;x|c)": ("x,c,z", "q(z|x,c)", "q(z|c)"),
    "I(z;(c,x))": ("x,c,z", "q(z|x,c)", "q(z)"),
    "I(z;c)": ("c,z", "q(z|c)", "q(z)"),
    "KL(p_D(x)‖p(x))": ("x", "p_D(x)", "p(x)"),
    "KL(q(z,c|x)‖p(z,c|x))": ("x,c,z", "q(z,c|x)", "p(z,c|x)"),
    "KL(q(z,c|x)‖p(z,c))": ("x,c,z", "q(z,c|x)", "p(z,c)"),
    "KL(q(z,c)‖p(z,c))": ("c,z", "q(z,c)", "p(z,c)"),
    "KL(q(z|c)‖p(z|c))": ("c,z", "q(z|c)", "p(z|c)"),
    # The next is a divergence only where q(z|x,c) = q(z|x), as INDq assumes.
    "KL(q(z|x)‖q(z|c))": ("x,c,z", "q(z|x)", "q(z|c)"),
    "KL(q(z)‖p(z))": ("z", "q(z)", "p(z)"),
    "KL(q(c)‖p(c))": ("c", "q(c)", "p(c)"),
    "E log q(x|z,c)": ("x,c,z", "q(x|z,c)", None),
}

# Densities that are products and quotients of others: log = sum of the first - sum of the second.
COMPOSED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "q(z,c|x)": (("q(c|x)", "q(z|x,c)"), ()),
    "q(z,c)": (("q(c)", "q(z|c)"), ()),
    "p(z,c)": (("p(c)", "p(z|c)"), ()),
    "p(z,c|x)": (("p(z,c)", "p(x|z,c)"), ("p(x)",)),
    "q(x|z,c)": (("p_D(x)", "q(z,c|x)"), ("q(z,c)",)),
}


OBJECTIVE = ("reconstruction", "kl_z", "kl_c")  # what training sees, as Elbo.terms() names it


@dataclass(frozen=True)
class Estimate:
    """A number in nats, and the standard error with which it is known: 0 where it is exact.

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> found = Exact(random_world(values=4, categories=3)).measure("log K")
        >>> round(found.value, 4), found.standard_error
        (1.0986, 0.0)
    """

    value: float
    standard_error: float = 0.0


@dataclass(frozen=True)
class Side:
    """One side of an equation: its value, and its terms by name, each without its sign.

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> side = Exact(random_world(values=4, categories=3)).measured("log K", "-H(q(c))")
        >>> abs(side.terms["log K"].value - side.terms["H(q(c))"].value - side.total.value) < 1e-9
        True
    """

    total: Estimate
    terms: dict[str, Estimate]


class Joint(ABC):
    """The distribution q(x, c, z) beside p, through their log-densities.

    Attributes:
        categories: K.

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> q = Exact(random_world(values=4, categories=3))
        >>> 0 < q.measure("I(c;x)").value < q.measure("I((z,c);x)").value  # z adds to what c says
        True
    """

    categories: int

    @abstractmethod
    def log_density(self, name: str) -> Tensor:
        """The logarithm of a density by its name, as "q(z|c)", wherever this joint looks at it.

        Raises:
            ValueError: if there is no such density, or none that this joint knows.
        """

    @abstractmethod
    def expectation(self, terms: dict[str, int], values: dict[str, Tensor]) -> Estimate:
        """The sum of the expectations of log-ratios, each times its sign.

        Args:
            terms: names of entries of `TERMS`, which say what each is averaged over, with their signs.
            values: the log-ratio of each, wherever this joint looks at densities.
        """

    @abstractmethod
    def objective(self, *terms: str) -> Side:
        """A sum of entries of `OBJECTIVE`, a leading "-" for a minus, in nats.

        Raises:
            ValueError: if there is no such term, or if a term is there twice.
        """

    @property
    @abstractmethod
    def redrawn(self) -> Joint:
        """The same distribution through draws of its own, so that two estimates are independent; itself if exact."""

    def measured(self, *terms: str) -> Side:
        """A sum of entries of `TERMS`, a leading "-" for a minus: ``q.measured("A", "-I(c;x)")``, in nats.

        Raises:
            ValueError: if there is no such term, or if a term is there twice.

        Example:
            >>> from cpvae_lite.quadrature import Exact
            >>> from cpvae_lite.worlds import random_world
            >>> q = Exact(random_world(values=4, categories=3))
            >>> side = q.measured("I((z,c);x)", "-I(c;x)", "-I(z;x|c)")  # the chain rule
            >>> abs(side.total.value) < 1e-9, side.terms["I(z;x|c)"].value > 0.1
            (True, True)
        """
        signs = signed(terms)
        ratios = {one_of("term", name, TERMS): self._log_ratio(name) for name in signs}
        parts = {name: self.expectation({name: 1}, {name: ratio}) for name, ratio in ratios.items()}
        return Side(self.expectation(signs, ratios), parts)

    def measure(self, term: str) -> Estimate:
        """One entry of `TERMS`, in nats.

        Raises:
            ValueError: if there is no such term.

        Example:
            >>> from cpvae_lite.quadrature import Exact
            >>> from cpvae_lite.worlds import random_world
            >>> q = Exact(random_world(values=4, categories=3))
            >>> 0 < q.measure("H(q(c))").value < q.measure("log K").value
            True
            >>> q.measure("KL(q(c)|p(c))")
            Traceback (most recent call last):
            ValueError: unknown term 'KL(q(c)|p(c))'; did you mean 'KL(q(c)‖p(c))'? Known: A, log K, log p(x), ...
        """
        return self.measured(term).total

    def _log_ratio(self, term: str) -> Tensor:
        _, above, below = TERMS[term]
        if above is None:
            return -self._log(below)
        return self._log(above) if below is None else self._log(above) - self._log(below)

    def _log(self, name: str) -> Tensor:
        if name not in COMPOSED:
            return self.log_density(name)
        factors, divisors = COMPOSED[name]
        return sum(self._log(factor) for factor in factors) - sum(self._log(divisor) for divisor in divisors)


def signed(terms: Sequence[str]) -> dict[str, int]:
    """Terms with their signs.

    Raises:
        ValueError: if a term is there twice.

    Example:
        >>> signed(["A", "-I(c;x)"])
        {'A': 1, 'I(c;x)': -1}
    """
    signs = {term.removeprefix("-"): -1 if term.startswith("-") else 1 for term in terms}
    if len(signs) < len(terms):
        raise ValueError(f"a term is there twice: {', '.join(terms)}")
    return signs
