"""The terms of a trained model, estimated from draws, with the aggregated posterior as the exact mixture."""

from __future__ import annotations

import copy
import math
from functools import cached_property

import torch
import torch.distributions as D
from torch import Tensor

from cpvae_lite._arguments import one_of, whole_number
from cpvae_lite._seeding import seeded
from cpvae_lite.aggregated import AggregatedPosterior
from cpvae_lite.bounds import unchecked_elbo
from cpvae_lite.conditionals import diagonal_normal
from cpvae_lite.draws import Hard, Summed
from cpvae_lite.joint import OBJECTIVE, TERMS, Estimate, Joint, Side, signed
from cpvae_lite.model import LatentVariableModel

ROWS = 20_000  # about how many rows a network sees at a time


class Sampled(Joint):
    """The terms of a model over a set of images, from draws of c and z for each image.

    The standard errors are those of the draws: the images are all there, not a sample. They are worked out from how
    the draws of one image differ, pooled over the images; a few dozen images are too few for that where some
    category is drawn rarely.

    Args:
        model: a model of :mod:`cpvae_lite.zoo`; a copy of it is used in float64. A VAE counts as a model with
            one category.
        x: (N, features), the images; p_D gives each 1/N.
        draws: of (c, z) for each image on each side of an equation, at least 2.
        seed: of the draws. The two sides have draws of their own.

    Raises:
        TypeError, ValueError: if x does not suit the model, as :meth:`cpvae_lite.LatentVariableModel.checked` finds;
            if `draws` or `seed` is no whole number, or too small.
        ValueError: if the model has other latents than z, or c and z.

    Example:
        >>> from cpvae_lite import build
        >>> from cpvae_lite.decomposition import equation_17
        >>> _ = torch.manual_seed(0)
        >>> model = build("cp", features=20, categories=5, latent_size=3, hidden=10)
        >>> q = Sampled(model, torch.randint(2, (100, 20)).float())
        >>> equation_17(q).holds, q.measure("I((z,c);x)").value < math.log(100)
        (True, True)
    """

    def __init__(self, model: LatentVariableModel, x: Tensor, *, draws: int = 2, seed: int = 0):
        names = [latent.name for latent in model.latents]
        if names not in (["z"], ["c", "z"]):
            raise ValueError(f"the decompositions are about latents c and z, not {' and '.join(names)}")
        self.draws = whole_number("draws", draws, least=2)
        self.seed = whole_number("seed", seed, least=0)
        self.x = model.checked(x).double()
        self.model = copy.deepcopy(model).double().requires_grad_(False)
        self.categories = model.categories or 1
        with seeded(self.seed, 0, device=self.x.device):  # infer draws, though only its posteriors are wanted
            self.aggregated = AggregatedPosterior(*self._posteriors())
        self._stream = 1
        with seeded(self.seed, self._stream, device=self.x.device):
            self.c, self.z = self._draw()  # (S, N), (S, N, D)
        self._step = max(1, ROWS // self.draws)
        self._known: dict[str, Tensor] = {}

    def _posteriors(self) -> tuple[Tensor, Tensor, Tensor]:
        """log q(c|x), (N, K), and mean and log-variance of q(z|x,c), (N, K or 1, D)."""
        blocks = [self._posteriors_of(rows) for rows in self.x.split(max(1, ROWS // self.categories))]
        return tuple(torch.cat(parts) for parts in zip(*blocks, strict=True))

    def _posteriors_of(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        posteriors = self.model.infer(x, Summed()).posteriors
        log_pi = posteriors["c"].logits.log_softmax(-1) if "c" in posteriors else torch.zeros_like(x[:, :1])
        normal = posteriors["z"].base_dist  # batch (B,), or (K, B) where it sees c
        by_image = [t.reshape(-1, *t.shape[-2:]).movedim(0, 1) for t in (normal.loc, 2 * normal.scale.log())]
        return log_pi, *by_image

    def _draw(self) -> tuple[Tensor, Tensor]:
        q = self.aggregated
        c = D.Categorical(logits=q.log_pi).sample((self.draws,))
        mean, log_variance = self._own(c, q.mean), self._own(c, q.log_variance)
        return c, mean + (0.5 * log_variance).exp() * torch.randn_like(mean)

    def _own(self, c: Tensor, table: Tensor) -> Tensor:
        """The rows (S, N, ...) of a table (N, K or 1, ...) at drawn categories (S, N)."""
        index = c if table.shape[1] > 1 else torch.zeros_like(c)
        return table[torch.arange(len(table), device=c.device), index]

    @cached_property
    def redrawn(self) -> Sampled:
        """The same model and images with other draws of c and z, so that two estimates are independent.

        Example:
            >>> from cpvae_lite import build
            >>> model = build("cp", features=20, categories=5, latent_size=3, hidden=10)
            >>> q = Sampled(model, torch.ones(100, 20))
            >>> q.redrawn.aggregated is q.aggregated, torch.equal(q.redrawn.z, q.z)
            (True, False)
        """
        other = copy.copy(self)
        other._known, other._stream = {}, self._stream + 2  # stream 2 is the objective's
        other.__dict__.pop("redrawn", None)
        with seeded(self.seed, other._stream, device=self.x.device):
            other.c, other.z = self._draw()
        return other

    def log_density(self, name: str) -> Tensor:
        """The logarithm of a density at each draw, (S, N).

        Args:
            name: as "q(z|c)"; those that are products of others are in `cpvae_lite.joint.COMPOSED`.

        Raises:
            ValueError: if there is no such density, or if it is p(x), which is not known of a trained model.

        Example:
            >>> from cpvae_lite import build
            >>> model = build("cp", features=20, categories=5, latent_size=3, hidden=10)
            >>> log_share = Sampled(model, torch.ones(100, 20), draws=3).log_density("p(c)")
            >>> log_share.shape, log_share.exp().unique()
            (torch.Size([3, 100]), tensor([0.2000], dtype=torch.float64))
        """
        if name not in self._known:
            self._known |= self._compute(name)
        return self._known[name]

    def _compute(self, name: str) -> dict[str, Tensor]:
        q = self.aggregated
        match name:
            case "p_D(x)":
                return {name: self._row_shares()}
            case "p(c)":
                return {name: torch.full_like(self.z[..., 0], -math.log(self.categories))}
            case "q(c)":
                return {name: q.log_categories[self.c]}
            case "q(c|x)":
                return {name: self._own(self.c, q.log_pi)}
            case "q(z|x,c)":
                own = diagonal_normal(self._own(self.c, q.mean), self._own(self.c, q.log_variance))
                return {name: own.log_prob(self.z)}
            case "q(z|x)":
                return {name: torch.stack([self._given_x(z) for z in self.z])}
            case "q(z|c)" | "q(z)":
                found = q.log_prob(self.z.flatten(0, 1), self.c.flatten())
                return {key: value.view_as(self.c) for key, value in zip(("q(z|c)", "q(z)"), found, strict=True)}
            case "p(z|c)":
                return {name: self._prior(self.c).log_prob(self.z)}
            case "p(z)":
                return {name: self._marginal_prior()}
            case "p(x|z,c)":
                return {name: self._log_likelihood()}
        raise ValueError(f"draws from a model know no density {name!r}; of a small world, quadrature.Exact may")

    def _given_x(self, z: Tensor) -> Tensor:
        """log q(z|x) of one draw (N, D) for each image, averaged over what c could have been."""
        q, block = self.aggregated, max(1, ROWS // self.categories)
        parts = zip(*(table.split(block) for table in (q.mean, q.log_variance, q.log_pi, z)), strict=True)
        return torch.cat([self._mixed(*part) for part in parts])

    def _mixed(self, mean: Tensor, log_variance: Tensor, log_pi: Tensor, z: Tensor) -> Tensor:
        each = diagonal_normal(mean, log_variance).log_prob(z[:, None])  # (B, K or 1)
        return (each + log_pi).logsumexp(-1) if self.aggregated.sees_category else each[:, 0]

    def _prior(self, c: Tensor) -> D.Distribution:
        return self.model.latents[-1].prior({"c": c})

    def _marginal_prior(self) -> Tensor:
        every = self._prior(torch.arange(self.categories, device=self.c.device))
        if not every.batch_shape:  # it does not look at c
            return every.log_prob(self.z)
        mixture = AggregatedPosterior(
            torch.zeros_like(every.mean[:, :1]), every.mean[:, None], 2 * every.stddev.log()[:, None]
        )
        return mixture.log_prob(self.z.flatten(0, 1), torch.zeros_like(self.c).flatten())[1].view_as(self.c)

    def _row_shares(self) -> Tensor:
        """log p_D of each image: equal images are one value of x."""
        _, index, counts = torch.unique(self.x, dim=0, return_inverse=True, return_counts=True)
        return (counts[index].double() / len(self.x)).log().expand(self.draws, -1)

    def _log_likelihood(self) -> Tensor:
        blocks = zip(*(t.split(self._step, dim) for t, dim in ((self.x, 0), (self.c, 1), (self.z, 1))), strict=True)
        return torch.cat([self.model.likelihood({"c": c, "z": z}).log_prob(x) for x, c, z in blocks], 1)

    def _log_ratio(self, term: str) -> Tensor:
        """The log-ratio at each draw, (S, N); where z is not in it, its mean over all c, which needs no draw."""
        if TERMS[term][0] not in ("c", "x,c"):
            return super()._log_ratio(term)
        q = self.aggregated
        known = {"q(c|x)": q.log_pi, "q(c)": q.log_categories, "p(c)": -math.log(self.categories), None: 0.0}
        _, above, below = TERMS[term]
        each = (known[above] - known[below]) + torch.zeros_like(q.log_pi)  # (N, K)
        return (q.log_pi.exp() * each).sum(1).expand(self.draws, -1)

    def expectation(self, terms: dict[str, int], values: dict[str, Tensor]) -> Estimate:
        """The average over draws and images of the sum of the terms.

        Args:
            terms: names of entries of `cpvae_lite.joint.TERMS`, with their signs.
            values: the log-ratio of each at each draw, (S, N).

        Example:
            >>> from cpvae_lite import build
            >>> q = Sampled(build("vae", features=20), torch.ones(2, 20))
            >>> q.expectation({"A": 1}, {"A": torch.tensor([[-3.0, -8.0], [-5.0, -8.0]])})  # two draws of each image
            Estimate(value=-6.0, standard_error=0.5)
        """
        return _average(sum(sign * values[name] for name, sign in terms.items()))

    @cached_property
    def _objective(self) -> dict[str, Tensor]:
        """The terms of the package's :func:`elbo`, (S, N), from draws of their own."""
        with seeded(self.seed, 2, device=self.x.device):
            blocks = [unchecked_elbo(self.model, rows, Hard(self.draws)).terms() for rows in self.x.split(self._step)]
        shape = (self.draws, -1)
        return {name: torch.cat([block[name].expand(*shape) for block in blocks], 1) for name in blocks[0]}

    def objective(self, *terms: str) -> Side:
        """A sum of the terms of :func:`cpvae_lite.bounds.elbo`, from draws of its own.

        Args:
            terms: "reconstruction", "kl_z" and "kl_c", a leading "-" for a minus. "kl_c" of a VAE is 0.

        Raises:
            ValueError: if there is no such term, or if a term is there twice.

        Example:
            >>> from cpvae_lite import build
            >>> model = build("cp", features=20, categories=5, latent_size=3, hidden=10)
            >>> q = Sampled(model, torch.ones(100, 20))
            >>> kl_c, same = q.objective("kl_c").total, q.measured("log K", "-H(q(c|x))").total  # Eq. 13
            >>> abs(kl_c.value - same.value) < 1e-9
            True
        """
        missing = torch.zeros_like(self.z[..., 0])  # a VAE has no KL of c
        parts = {name: self._objective.get(one_of("term", name, OBJECTIVE), missing) for name in signed(terms)}
        total = sum(sign * parts[name] for name, sign in signed(terms).items())
        return Side(_average(total), {name: _average(value) for name, value in parts.items()})


def _average(values: Tensor) -> Estimate:
    """The mean of (S, N) values, with the standard error that the S draws of each image leave."""
    draws, images = values.shape
    return Estimate(values.mean().item(), (values.var(0).sum() / draws).sqrt().item() / images)
