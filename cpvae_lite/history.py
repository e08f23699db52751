"""What happened during training: one record an epoch."""

from __future__ import annotations


class History(list):
    """A list of records, one an epoch.

    A record has "epoch", "kl_weight", "temperature", "seconds", the mean of each term of the
    objective over the training images ("train"), and the bound on the validation images with hard c at KL
    weight 1, its standard error and terms and the number of categories with q(c) > 1/K ("validation").
    All in nats per image.

    Example:
        >>> history = History({"validation": {"bound": b}} for b in (-300.0, -250.0, -260.0))
        >>> history.best_epoch
        2
    """

    def __getitem__(self, place):
        found = super().__getitem__(place)
        return History(found) if isinstance(place, slice) else found

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 1, with the highest validation bound; 0 before the first."""
        bounds = [record["validation"]["bound"] for record in self]
        return 1 + max(range(len(bounds)), key=bounds.__getitem__) if bounds else 0

    def plot(self):
        """Draw bound, terms and used categories over epochs.

        Returns:
            The matplotlib figure.

        Raises:
            ValueError: if there is no record yet.

        Example:
            >>> bounds = {1: -300.0, 2: -250.0, 3: -260.0}
            >>> history = History(
            ...     {"epoch": epoch, "train": {"loss": -bound}, "validation": {"bound": bound, "kl_z": 9.0}}
            ...     for epoch, bound in bounds.items()
            ... )
            >>> [axes.get_ylabel() for axes in history.plot().axes]  # one more where there are categories
            ['nats per image', 'nats per image']
        """
        if not self:
            raise ValueError("there is nothing to plot before the first epoch")
        from cpvae_lite.figures.plots import plot_history  # matplotlib is slow to import: only when it draws

        return plot_history(self)
