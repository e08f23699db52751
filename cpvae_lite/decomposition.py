"""The paper's identities about a whole data set (Eqs. 4, 7, 12, 13, 17, 19, 20, 21, A1, A2), term by term.

An equation is a line: the terms of each side, with their signs. One side is the *objective*, what training sees:
closed forms, or the package's :func:`~cpvae_lite.bounds.elbo`. The other is *measured*: expectations of log-densities
that training never sees, the aggregated posteriors q(z), q(c), q(z|c) among them. Where the numbers come from is
a :class:`~cpvae_lite.joint.Joint`: :mod:`cpvae_lite.quadrature` sums a small world exactly,
:mod:`cpvae_lite.sampled` draws from a trained model.

Each function takes a Joint and returns a :class:`Check`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cpvae_lite._arguments import one_of
from cpvae_lite.joint import Estimate, Joint, Side

# Table 1 of the paper: B1 and C1 of each model. B2 = I(c;x) and C2 = KL(q(c)‖p(c)) are the same in all.
TABLE_1: dict[str, tuple[str, str]] = {
    "cp": ("I(z;x|c)", "KL(q(z|c)‖p(z|c))"),
    "indq": ("KL(q(z|x)‖q(z|c))", "KL(q(z|c)‖p(z|c))"),
    "indp": ("I(z;(c,x))", "KL(q(z)‖p(z))"),
    "indqp": ("I(z;x)", "KL(q(z)‖p(z))"),
}
TOLERANCE = 1e-9  # nats, or that share of the larger side where it is above 1 nat
FREE_PRIORS = ("indp", "indqp")  # the rows whose p(z) does not look at c


@dataclass(frozen=True)
class Check:
    """An equation in numbers, in nats.

    Attributes:
        equation: its number in the paper, and the model it is about.
        left, right: the two sides.
        standard_error: of left - right; 0 where both are exact.
        terms: every named term of both sides.
        relation: "=" or "≥".

    Example:
        >>> far = Check("4", left=-100.0, right=-100.3, standard_error=0.1, terms={})
        >>> round(far.residual, 6), far.holds
        (0.3, True)
    """

    equation: str
    left: float
    right: float
    standard_error: float
    terms: dict[str, Estimate]
    relation: str = "="

    @property
    def residual(self) -> float:
        """left - right."""
        return self.left - self.right

    @property
    def holds(self) -> bool:
        """Whether the sides agree within 4 standard errors and `TOLERANCE`; never for NaN.

        Where the relation is "≥", the left side may be above the right one by any amount.

        Example:
            >>> [Check("A1", 2.0, 1.0, 0.0, {}, relation).holds for relation in ("=", "≥")]
            [False, True]
            >>> Check("4", math.nan, math.nan, 0.0, {}).holds
            False
        """
        slack = 4 * self.standard_error + TOLERANCE * max(1.0, abs(self.left), abs(self.right))
        return self.residual >= -slack if self.relation == "≥" else abs(self.residual) <= slack


def equation_4(q: Joint) -> Check:
    r"""Eq. 4: what the bound lacks is the divergence from the true posterior.

    .. math:: E_x \log p(x) = \mathcal L + E_x\,\mathrm{KL}(q(z,c|x)\|p(z,c|x))

    The paper states it for z alone, which is the case K = 1. The evidence p(x) of a trained model is not known, so
    this is for exact worlds.

    Raises:
        ValueError: if the joint distribution is one of draws from a trained model, which has no p(x).

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> equation_4(Exact(random_world(values=4, categories=1))).holds
        True
    """
    left = q.measured("log p(x)", "-KL(q(z,c|x)‖p(z,c|x))")
    return _check("4", left, q.objective("reconstruction", "-kl_z", "-kl_c"))


def equation_7(q: Joint) -> Check:
    r"""Eq. 7: what maximising the bound does to the model.

    .. math:: \mathcal L = -\mathrm{KL}(p_D(x)\|p(x)) - H(p_D) - E_x\,\mathrm{KL}(q(z,c|x)\|p(z,c|x))

    For exact worlds, as :func:`equation_4`.

    Raises:
        ValueError: if the joint distribution is one of draws from a trained model, which has no p(x).

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> check = equation_7(Exact(random_world(values=4, categories=1)))
        >>> check.holds, check.left < -check.terms["H(p_D)"].value
        (True, True)
    """
    right = q.measured("-KL(p_D(x)‖p(x))", "-H(p_D)", "-KL(q(z,c|x)‖p(z,c|x))")
    return _check("7", q.objective("reconstruction", "-kl_z", "-kl_c"), right)


def equation_12(q: Joint) -> Check:
    r"""Eq. 12: the divergence of both latents splits into that of z, averaged over c, and that of c.

    .. math:: E_x\,\mathrm{KL}(q(z,c|x)\|p(z,c))
        = E_x E_{q(c|x)}\,\mathrm{KL}(q(z|x,c)\|p(z|c)) + E_x\,\mathrm{KL}(q(c|x)\|p(c))

    The left side is measured, the right side is what the objective is made of. The paper states it for
    each x; here both sides are averages over x.

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> check = equation_12(Exact(random_world(values=4, categories=3)))
        >>> check.holds, abs(check.residual) < 1e-9
        (True, True)
    """
    return _check("12", q.measured("KL(q(z,c|x)‖p(z,c))"), q.objective("kl_z", "kl_c"))


def equation_13(q: Joint) -> Check:
    r"""Eq. 13: :math:`E_x\,\mathrm{KL}(q(c|x)\|p(c)) = -E_x\,H(q(c|x)) + \log K`.

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> equation_13(Exact(random_world(values=4, categories=3))).holds
        True
    """
    return _check("13", q.objective("kl_c"), q.measured("-H(q(c|x))", "log K"))


def equation_17(q: Joint) -> Check:
    r"""Eq. 17: what the divergence of the objective rewards.

    .. math:: E_x\,\mathrm{KL}(q(z,c|x)\|p(z,c))
        = I_q((z,c);x) + E_{q(c)}\,\mathrm{KL}(q(z|c)\|p(z|c)) - H(q(c)) + \log K

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> check = equation_17(Exact(random_world(values=4, categories=3)))
        >>> check.holds, [name for name in check.terms if name.startswith("I")]
        (True, ['I((z,c);x)'])
    """
    right = q.measured("I((z,c);x)", "KL(q(z|c)‖p(z|c))", "-H(q(c))", "log K")
    return _check("17", q.objective("kl_z", "kl_c"), right)


def equation_19(q: Joint) -> Check:
    r"""Eq. 19: :math:`\mathcal L = A - I_q((z,c);x) - \mathrm{KL}(q(z,c)\|p(z,c))`.

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> equation_19(Exact(random_world(values=4, categories=3))).holds
        True
    """
    right = q.measured("A", "-I((z,c);x)", "-KL(q(z,c)‖p(z,c))")
    return _check("19", q.objective("reconstruction", "-kl_z", "-kl_c"), right)


def equation_20(q: Joint, model: str) -> Check:
    r"""Eq. 20 with the B1 and C1 that Table 1 gives for a model.

    .. math:: \mathcal L = A - B_1 - I_q(c;x) - C_1 - \mathrm{KL}(q(c)\|p(c))

    Args:
        q: a joint distribution. The row of INDq needs q(z|x,c) = q(z|x), that of INDp p(z|c) = p(z), that of
            INDqp both; otherwise the equation is false, and the check says so. (INDq's B1 is then read as the mean
            of log q(z|x) - log q(z|c) over q(x,z,c), and is no divergence.)
        model: "cp", "indq", "indp" or "indqp".

    Raises:
        ValueError: for another model.

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> independent = Exact(random_world(values=4, categories=3, posterior_sees_category=False))
        >>> equation_20(independent, "indq").holds, equation_20(independent, "indp").holds
        (True, False)
    """
    b1, c1 = TABLE_1[one_of("row of Table 1", model, TABLE_1)]
    right = q.measured("A", f"-{b1}", "-I(c;x)", f"-{c1}", "-KL(q(c)‖p(c))")
    return _check(f"20 {model}", q.objective("reconstruction", "-kl_z", "-kl_c"), right)


def equation_21(q: Joint) -> Check:
    r"""Eq. 21: with q(c|x) = 1/K the objective of INDqp is that of a plain VAE.

    .. math:: E_x\{E_{q(z|x)p(c)}\log p(x|z,c) - \mathrm{KL}(q(z|x)\|p(z))\}
        = A - I_q(z;x) - \mathrm{KL}(q(z)\|p(z))

    The left side, image by image, is the VAE's objective, but for the c of the decoder, which is averaged with
    p(c) = 1/K; the paper prints the mean over q(z|x) alone. The right side is Eq. 20's, where B2 and C2 are zero.
    It holds only if q(c|x) is uniform, and z independent of c in prior and posterior.

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> vae = random_world(values=4, categories=3, uniform=True, posterior_sees_category=False,
        ...     prior_sees_category=False)
        >>> equation_21(Exact(vae)).holds
        True
    """
    right = q.measured("A", "-I(z;x)", "-I(c;x)", "-KL(q(z)‖p(z))", "-KL(q(c)‖p(c))")
    return _check("21", q.objective("reconstruction", "-kl_z"), right)


def equation_a1(q: Joint) -> Check:
    r"""Eq. A1: :math:`E[\log q(x|z,c)] \ge E[\log p(x|z,c)]`, for x of finitely many values.

    A likelihood that is a density, as a Gaussian, can be above q(x|z,c), and the inequality is then false.

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> equation_a1(Exact(random_world(values=4, categories=3))).holds
        True
    """
    return _check("A1", q.measured("E log q(x|z,c)"), q.redrawn.measured("A"), relation="≥")


def equation_a2(q: Joint) -> Check:
    r"""Eq. A2: :math:`I_q((z,c);x) \ge E[\log p(x|z,c)] + H(p_D)`: a lower bound on the information.

    For x of finitely many values, as A1. The right side of a model of images is far below zero, and the bound then
    says nothing; in a world of a few values it can be close.

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> equation_a2(Exact(random_world(values=4, categories=3))).holds
        True
    """
    return _check("A2", q.measured("I((z,c);x)"), q.redrawn.measured("A", "H(p_D)"), relation="≥")


def information_excess(q: Joint, model: str) -> Check:
    r"""By how much Table 1's B1 + B2 of INDp and INDqp exceeds the information it stands for.

    Section 5.1 assumes q(z,c) = q(z) q(c) for these two. Eq. 20 holds without that, but its parts do not mean
    what they are named after: :math:`B_1 + B_2 - I_q((z,c);x) = I_q(z;c)`.

    Args:
        q: a joint distribution as :func:`equation_20` wants it.
        model: "indp" or "indqp".

    Raises:
        ValueError: for another model.

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> check = information_excess(Exact(random_world(values=4, categories=3)), "indp")
        >>> check.holds, check.right > 0.01
        (True, True)
    """
    b1, _ = TABLE_1[one_of("model whose prior ignores c", model, FREE_PRIORS)]
    return _check(f"5.1 B {model}", q.measured(b1, "I(c;x)", "-I((z,c);x)"), q.redrawn.measured("I(z;c)"))


def divergence_shortfall(q: Joint, model: str) -> Check:
    r"""By how much Table 1's C1 + C2 of INDp and INDqp falls short of the divergence it stands for.

    The other half of :func:`information_excess`, with the same amount:
    :math:`\mathrm{KL}(q(z,c)\|p(z,c)) - C_1 - C_2 = I_q(z;c)`.

    Args:
        q: a joint distribution as :func:`equation_20` wants it.
        model: "indp" or "indqp".

    Raises:
        ValueError: for another model.

    Example:
        >>> from cpvae_lite.quadrature import Exact
        >>> from cpvae_lite.worlds import random_world
        >>> world = random_world(values=4, categories=3, prior_sees_category=False)
        >>> divergence_shortfall(Exact(world), "indp").holds
        True
    """
    _, c1 = TABLE_1[one_of("model whose prior ignores c", model, FREE_PRIORS)]
    left = q.measured("KL(q(z,c)‖p(z,c))", f"-{c1}", "-KL(q(c)‖p(c))")
    return _check(f"5.1 C {model}", left, q.redrawn.measured("I(z;c)"))


def _check(equation: str, left: Side, right: Side, relation: str = "=") -> Check:
    error = math.hypot(left.total.standard_error, right.total.standard_error)
    return Check(equation, left.total.value, right.total.value, error, left.terms | right.terms, relation)
