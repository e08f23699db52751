"""What a Python does first that a test starts: the process of a run gets few data."""

import sys

if "cpvae_lite.study.worker" in sys.orig_argv:
    sys.path.append(__file__.rpartition("start")[0])
    import few_data

    from cpvae_lite.study.experiments import Experiment

    Experiment.dataset = few_data.dataset
