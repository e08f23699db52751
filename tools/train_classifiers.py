"""Make the classifiers that the package ships, from all training images.

    make classifiers

makes all, and `python tools/train_classifiers.py omniglot` one. Each takes a few minutes. The files state the accuracy
of the weights as they are stored, rounded to float16.
"""

import math
import sys

import torch

from cpvae_lite import load_dataset
from cpvae_lite.classifier import BATCH, JUDGED, SHIPPED, accuracy, read_classifier, save_classifier, train_classifier
from cpvae_lite.storage import write_json
from cpvae_lite.study.records import environment

USUAL = {"epochs": 16, "learning_rate": 3e-3, "seed": 0}
SETTINGS = dict.fromkeys(JUDGED, USUAL) | {"omniglot": USUAL | {"epochs": 40, "shift": 2}}  # few of each label


def make(name: str) -> None:
    dataset = load_dataset(name).labelled(JUDGED[name])
    trained, accuracies = train_classifier(dataset, **SETTINGS[name])
    save_classifier(trained, SHIPPED / f"{name}.safetensors")
    classifier = read_classifier(SHIPPED / f"{name}.safetensors")
    share = accuracy(classifier, dataset)
    record = {
        "data": {"name": name, "fingerprint": dataset.fingerprint, "training_images": len(dataset.train)},
        "training": {**SETTINGS[name], "batch_size": BATCH},
        "environment": environment("cpu"),
        "parameters": sum(weight.numel() for weight in classifier.parameters()),
        "validation_accuracy": accuracies,
        "best_epoch": max(range(len(accuracies)), key=lambda index: (accuracies[index], index)) + 1,
        "test_images": len(dataset.test),
        "test_accuracy": share,
        "standard_error": math.sqrt(share * (1 - share) / len(dataset.test)),
    }
    write_json(SHIPPED / f"{name}.json", record)
    print(f"{name}: {share:.4f} of the test images get their label")


if __name__ == "__main__":
    torch.set_num_threads(1)  # the sums of several threads differ in their last digits, and so then do the weights
    for each in sys.argv[1:] or JUDGED:
        make(each)
