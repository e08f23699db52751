"""A model: latent variables in ancestral order and a likelihood, with inference, sampling and reconstruction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.distributions as D
from torch import Tensor, nn

from cpvae_lite._arguments import one_of, whole_number
from cpvae_lite.conditionals import Conditional, Values
from cpvae_lite.config import ModelConfig
from cpvae_lite.draws import Mode
from cpvae_lite.latents import Inference, Latent
from cpvae_lite.priors import COMPONENT, MixturePrior


class LatentVariableModel(nn.Module):
    """A deep latent-variable model. :mod:`cpvae_lite.zoo` composes those of the paper.

    Args:
        trunk: the part of the encoder that all posteriors share, x (B, features) to h (B, hidden).
        latents: in ancestral order: a latent may depend on those before it.
        likelihood: the distribution of x given the latents.
        features: the width of x.
        categories: K, or None for a model without categories.

    Raises:
        ValueError: if two latents have one name, if a part depends on what is not known before it, or if there are
            categories without a latent "c", or the other way round.
        TypeError: if a number is no whole number.

    Attributes:
        config: what :func:`cpvae_lite.build` made it from; None for a model composed by hand.
        aggregated_posterior: q(c) of the training data (Eq. 18), shape (K,), as `fit` leaves it; NaN before.

    Example:
        >>> from cpvae_lite.conditionals import Bernoulli, Gaussian, StandardNormal
        >>> from cpvae_lite.nets import MLP
        >>> z = Latent("z", StandardNormal(2), Gaussian(MLP([300], [], 4), "h"))
        >>> vae = LatentVariableModel(MLP([784], [300]), [z], Bernoulli(MLP([2], [300], 784), "z"), features=784)
        >>> vae.sample(3).shape
        torch.Size([3, 784])
    """

    aggregated_posterior: Tensor
    config: ModelConfig | None = None

    def __init__(
        self,
        trunk: nn.Module,
        latents: Sequence[Latent],
        likelihood: Conditional,
        *,
        features: int,
        categories: int | None = None,
    ):
        super().__init__()
        self.trunk, self.latents, self.likelihood = trunk, nn.ModuleList(latents), likelihood
        self.features = whole_number("features", features)
        self.categories = None if categories is None else whole_number("categories", categories)
        self._require_order()
        self.register_buffer("aggregated_posterior", torch.full((categories or 0,), torch.nan))

    def _require_order(self) -> None:
        """Every name stands for one thing, and nothing depends on what comes after it."""
        inferred, drawn = {"x", "h"}, set()  # what posteriors can see; what priors and the likelihood can
        for latent in self.latents:
            _require_known(f"the posterior of {latent.name!r}", latent.posterior, inferred)
            _require_known(f"the prior of {latent.name!r}", latent.prior, drawn)
            for name in filter(None, (latent.name, latent.publishes)):
                if name in inferred:
                    raise ValueError(f"two things in the model are called {name!r}: give each latent a name of its own")
                inferred.add(name)
            drawn.add(latent.name)
        _require_known("the likelihood", self.likelihood, drawn)
        if (self.categories is None) == ("c" in drawn):
            raise ValueError('a model has categories= if and only if it has a latent "c", their number')

    def infer(self, x: Tensor, draw: Callable) -> Inference:
        """Draw every latent from its posterior, in ancestral order.

        Args:
            x: (B, features).
            draw: one of :mod:`cpvae_lite.draws`.

        Raises:
            TypeError, ValueError: if x is of another dtype or shape, or if `draw` lists more than one latent.

        Example:
            >>> from cpvae_lite import Mode, build
            >>> found = build("cp", features=784, categories=10).infer(torch.zeros(5, 784), Mode())
            >>> list(found.values)  # data, features, q(c|x), and the two latents
            ['x', 'h', 'pi', 'c', 'z']
            >>> torch.equal(found.values["c"], found.posteriors["c"].probs.argmax(1))
            True
        """
        self._require_rows(x)
        values: Values = {"x": x, "h": self.trunk(x)}  # (B, features), (B, hidden)
        posteriors, weight = {}, None
        for latent in self.latents:
            q = posteriors[latent.name] = latent.posterior(values)
            if latent.publishes:
                values[latent.publishes] = q.probs  # (B, K)
            values[latent.name], listed = draw(q)  # c: (B,) or, relaxed, (B, K); z: (B, D); weights of all c: (K, B)
            if weight is not None and listed is not None:
                raise ValueError("Summed() lists one categorical latent; this model has several: draw them with Hard()")
            weight = listed if weight is None else weight
        return Inference(posteriors, values, weight)

    def posterior(self, x: Tensor) -> dict[str, D.Distribution]:
        """The posterior of each latent by name.

        A posterior that depends on a latent before it is given at that latent's most probable value.

        Args:
            x: (B, features), any point of data space: the pseudo-inputs of a VampPrior are grey.

        Raises:
            TypeError, ValueError: as :meth:`checked` does, but for values outside the support of the likelihood.

        Example:
            >>> from cpvae_lite import build
            >>> posterior = build("cp", features=784, categories=10).posterior(torch.zeros(5, 784))
            >>> posterior["c"].probs.shape, posterior["z"].mean.shape
            (torch.Size([5, 10]), torch.Size([5, 40]))
        """
        self._require_finite(x)
        return self.infer(x, Mode()).posteriors

    @torch.no_grad()
    def predict_proba(self, x: Tensor, batch_size: int = 1000) -> Tensor:
        """q(c|x), the responsibilities of the categories, shape (B, K).

        Args:
            x: (B, features).
            batch_size: rows at a time; it bounds the memory.

        Raises:
            ValueError: if the model has no categories.
            TypeError, ValueError: as :meth:`checked` does.

        Example:
            >>> from cpvae_lite import build
            >>> build("indq", features=784, categories=10).predict_proba(torch.zeros(5, 784)).sum(1)
            tensor([1.0000, 1.0000, 1.0000, 1.0000, 1.0000])
        """
        self.require_categories("q(c|x)")
        blocks = self.checked(x).split(whole_number("batch_size", batch_size))
        return torch.cat([self.infer(rows, Mode()).posteriors["c"].probs for rows in blocks])

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> Tensor:
        """The mean of the likelihood at the most probable category and the posterior mean of z.

        Args:
            x: (B, features).

        Returns:
            A tensor of shape (B, features); for binary data the probability that each pixel is 1.

        Raises:
            TypeError, ValueError: as :meth:`checked` does.

        Example:
            >>> from cpvae_lite import build
            >>> pixels = build("vae", features=784).reconstruct(torch.zeros(5, 784))
            >>> pixels.shape, bool(((0 < pixels) & (pixels < 1)).all())
            (torch.Size([5, 784]), True)
        """
        return self.likelihood(self.infer(self.checked(x), Mode()).values).mean

    @torch.no_grad()
    def sample(
        self,
        n: int,
        *,
        category: int | Sequence[int] | Tensor | None = None,
        categories_from: str | None = None,
        noise: bool = False,
    ) -> Tensor:
        """Generate new data by ancestral sampling (Eq. 8).

        Args:
            n: how many.
            category: draw all from this category, or the i-th from the i-th of n categories. Where the prior is
                a mixture (MoG, VampPrior), its components are the categories.
            categories_from: where c comes from if no category is given: "aggregated", the posterior q(c)
                of the training data (Eq. 18), as in the paper, which is the default; or "uniform", the prior
                p(c) = 1/K.
            noise: draw from p(x|z,c) instead of taking its mean.

        Returns:
            A tensor of shape (n, features).

        Raises:
            TypeError: if n or a category is no whole number.
            ValueError: if n is below 1, if a category is not one of 0..K-1, if `category` is a list of another length
                than n, if the model has neither categories nor components, if `categories_from` is another word,
                stands beside `category` or is for a model without c, or if q(c) is wanted of a model that was not
                trained.

        Example:
            >>> from cpvae_lite import build
            >>> model = build("cp", features=784, categories=10)
            >>> model.sample(4, category=7).shape
            torch.Size([4, 784])
            >>> model.sample(2, category=10)
            Traceback (most recent call last):
            ValueError: category 10 is not one of 0..9
        """
        n = whole_number("n", n)
        if categories_from is not None:
            self._require_source(categories_from, category)
        values: Values = {}
        if category is not None:
            self.require_choices("sampling from one category")
            name, count = self._choice
            values[name] = self._chosen(category, n, count)
        elif self.categories:
            shares = torch.ones_like(self.aggregated_posterior) if categories_from == "uniform" else self.shares
            values["c"] = D.Categorical(probs=shares).sample((n,))
        for latent in self.latents:
            if latent.name not in values:
                values[latent.name] = latent.prior(values).expand((n,)).sample()
        distribution = self.likelihood(values)
        return distribution.sample() if noise else distribution.mean

    def sample_each(self, categories: Sequence[int] | Tensor, n: int) -> Tensor:
        """Generate new data of several categories, n of each, as :meth:`sample` does.

        Args:
            categories: numbers of categories.
            n: how many of each.

        Returns:
            A tensor of shape (len(categories), n, features).

        Raises:
            TypeError: if categories or n are not whole numbers.
            ValueError: if there are no categories, and as :meth:`sample` does.

        Example:
            >>> from cpvae_lite import build
            >>> build("cp", features=784, categories=10).sample_each([7, 2], 25).shape
            torch.Size([2, 25, 784])
        """
        chosen = self._numbers(categories)
        if chosen.dim() != 1 or not len(chosen):
            raise ValueError(f"categories must be a list of at least one, not of shape {tuple(chosen.shape)}")
        n = whole_number("n", n)
        each = chosen.repeat_interleave(n)
        return self.sample(len(each), category=each).unflatten(0, (-1, n))

    @property
    def choices(self) -> int | None:
        """How many categories :meth:`sample` can draw from: K, be they values of c or components of the prior.

        None if it has neither.

        Example:
            >>> from cpvae_lite import build
            >>> mog, vae = build("mog", features=784, categories=10), build("vae", features=784)
            >>> (mog.choices, mog.categories), (vae.choices, vae.categories)
            ((10, None), (None, None))
        """
        return self._choice[1] if self._choice else None

    @property
    def _choice(self) -> tuple[str, int] | None:
        """What a category is one of: the name of its entry in `values`, and how many there are."""
        if self.categories:
            return "c", self.categories
        mixtures = (latent.prior for latent in self.latents if isinstance(latent.prior, MixturePrior))
        return next(((COMPONENT, prior.components) for prior in mixtures), None)

    @property
    def shares(self) -> Tensor:
        """How often :meth:`sample` draws each category, (K,): q(c), or 1/K for the components of a mixture.

        Raises:
            ValueError: if the model has neither, or if it has a c but no q(c) yet.

        Example:
            >>> from cpvae_lite import build
            >>> build("mog", features=784, categories=4).shares
            tensor([0.2500, 0.2500, 0.2500, 0.2500])
        """
        choices = self.require_choices("a share for each category")
        if not self.categories:
            return self.aggregated_posterior.new_full((choices,), 1 / choices)
        if self.aggregated_posterior.isnan().any():
            raise ValueError(
                "this model has no q(c) yet: train it with fit(), or choose yourself, by category= or "
                "categories_from='uniform' of a sample, or by weights= of a purity"
            )
        return self.aggregated_posterior

    def _require_source(self, categories_from: str, category: object) -> None:
        one_of("source of categories", categories_from, ("aggregated", "uniform"))
        self.require_categories("categories_from")
        if category is not None:
            raise ValueError("categories_from says where c comes from without category=: leave one of them out")

    def _chosen(self, category: int | Sequence[int] | Tensor, n: int, count: int) -> Tensor:
        chosen = self._numbers(category)
        if chosen.shape not in {(), (n,)}:
            raise ValueError(f"category must be one number or {n} of them, not shape {tuple(chosen.shape)}")
        chosen = chosen.long()
        outside = chosen[(chosen < 0) | (chosen >= count)]
        if outside.numel():
            raise ValueError(f"category {outside.flatten()[0].item()} is not one of 0..{count - 1}")
        return chosen.expand(n)

    def _numbers(self, category: int | Sequence[int] | Tensor) -> Tensor:
        try:
            plain = np.ascontiguousarray(category) if isinstance(category, np.ndarray) else category  # of any strides
            numbers = torch.as_tensor(plain, device=self.aggregated_posterior.device)
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise TypeError(f"category must be a whole number, not {category!r}") from error
        whole = not (numbers.is_floating_point() or numbers.is_complex() or numbers.dtype == torch.bool)
        if numbers.numel() and not whole:
            raise TypeError(f"category must be a whole number, not {category!r}")
        return numbers

    def require_choices(self, purpose: str) -> int:
        """How many categories or components there are, or a ValueError that says what `purpose` needs them for.

        Example:
            >>> from cpvae_lite import build
            >>> build("vae", features=784).require_choices("purity")
            Traceback (most recent call last):
            ValueError: purity needs a model with categories, or a mixture as prior; this one has neither
        """
        if self.choices is None:
            raise ValueError(f"{purpose} needs a model with categories, or a mixture as prior; this one has neither")
        return self.choices

    def require_categories(self, purpose: str) -> int:
        """K, or a ValueError that says what `purpose` needs categories for.

        Example:
            >>> from cpvae_lite import build
            >>> build("vae", features=784).require_categories("a table of categories")
            Traceback (most recent call last):
            ValueError: a table of categories needs a model with categories; this one has none
        """
        if self.categories is None:
            raise ValueError(f"{purpose} needs a model with categories; this one has none")
        return self.categories

    def checked(self, x: Tensor) -> Tensor:
        """`x` itself if the model could have made it; a clear error otherwise.

        A Bernoulli likelihood has a number for grey pixels, too, but none that is a probability.

        Args:
            x: (B, features).

        Raises:
            TypeError: if it is no tensor, or of another dtype than the model.
            ValueError: if it has another shape, no rows, a value that is not finite, or one outside the support of the
                likelihood.

        Example:
            >>> from cpvae_lite import build
            >>> build("vae", features=784).checked(torch.zeros(28, 28))
            Traceback (most recent call last):
            ValueError: x must have shape (B, 784) with B > 0, not (28, 28)
            >>> build("vae", features=2).checked(torch.tensor([[0.0, 0.5]]))
            Traceback (most recent call last):
            ValueError: x holds 0.5, outside the support of the likelihood, ...
            >>> build("vae", features=2, likelihood="gaussian").checked(torch.tensor([[0.0, 0.5]]))
            tensor([[0.0000, 0.5000]])
        """
        self._require_finite(x)
        with torch.no_grad():
            support = self.likelihood(self.infer(x[:1], Mode()).values).support
        support = getattr(support, "base_constraint", support)  # of a single feature, where they are independent
        outside = x[~support.check(x)]
        if outside.numel():
            raise ValueError(
                f"x holds {outside.flatten()[0].item()}, outside the support of the likelihood, {support}; a Bernoulli "
                "model wants zeros and ones, as Dataset.observed and cpvae_lite.data.binarise make them of images"
            )
        return x

    def _require_finite(self, x: Tensor) -> None:
        self._require_rows(x)
        if not x.isfinite().all():
            raise ValueError("x holds NaN or infinity")

    def _require_rows(self, x: Tensor) -> None:
        """What can be checked of x without waiting for its device."""
        dtype = next(self.parameters()).dtype
        if not isinstance(x, Tensor) or x.dtype != dtype:
            kind, hint = type(x).__name__, "torch.as_tensor makes one"
            if isinstance(x, Tensor):
                of_images = "Dataset.observed and cpvae_lite.data.binarise make one of images"
                kind, hint = x.dtype, of_images if x.dtype == torch.uint8 else f"x.to({dtype}) makes one"
            raise TypeError(f"x must be a {dtype} tensor, not {kind}; {hint}")
        if x.dim() != 2 or x.shape[1] != self.features or len(x) == 0:
            raise ValueError(f"x must have shape (B, {self.features}) with B > 0, not {tuple(x.shape)}")


def _require_known(what: str, part: Conditional, known: set[str]) -> None:
    if unknown := [name for name in part.parents if name not in known]:
        there = ", ".join(map(repr, sorted(known))) or "nothing"
        raise ValueError(f"{what} depends on {unknown[0]!r}, which is not known before it; known is {there}")
