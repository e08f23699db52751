"""Shipped results as they might have been: what would overturn a verdict."""

import copy

from cpvae_lite.study.results import Results


class Altered(Results):
    """The shipped results of a table after `change(label, measures)` of each run."""

    def __init__(self, table, change):
        super().__init__(table)
        self._runs = copy.deepcopy(self._runs)
        for label, runs in self._runs.items():
            for run in runs:
                change(label, run["measures"])
