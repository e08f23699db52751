"""A model whose category says nothing: the case of section 5.2 of the paper."""

from __future__ import annotations

import copy

import torch
import torch.distributions as D

from cpvae_lite.conditionals import Conditional, Values
from cpvae_lite.model import LatentVariableModel


def with_uniform_categories(model: LatentVariableModel) -> LatentVariableModel:
    """A copy of a model whose q(c|x), and so q(c), is 1/K, the case of section 5.2 of the paper.

    Args:
        model: one whose z does not depend on c, as "indqp"; it stays as it is.

    Raises:
        ValueError: if the model's z depends on c, in its prior or its posterior, or if there is no c.

    Example:
        >>> from cpvae_lite import build
        >>> model = with_uniform_categories(build("indqp", features=20, categories=4))
        >>> model.predict_proba(torch.zeros(1, 20))
        tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
        >>> with_uniform_categories(model).aggregated_posterior  # q(c), which sampling draws from
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    categories = model.require_categories("a uniform q(c|x)")
    z = model.latents[-1]
    if "c" in {*z.posterior.parents, *z.prior.parents}:
        raise ValueError("section 5.2 is about models whose z does not depend on c; this one's does")
    uniform = copy.deepcopy(model)
    uniform.config = None  # it would build the model without this posterior
    uniform.latents[0].posterior = _UniformGivenX(categories).to(next(model.parameters()))
    uniform.aggregated_posterior.fill_(1 / categories)
    return uniform


class _UniformGivenX(Conditional):
    def __init__(self, categories: int):
        super().__init__("h")
        self.register_buffer("logits", torch.zeros(categories), persistent=False)

    def forward(self, values: Values) -> D.Categorical:
        (features,) = self.context(values)
        return D.Categorical(logits=self.logits.expand(len(features), -1), validate_args=False)
