"""Make the classifiers that the package ships, from all training images.

    make classifiers

Each takes a few minutes. The files state the accuracy of the weights as they are stored, rounded to float16.
"""

import math

import torch

from cpvae_lite import load_dataset
from cpvae_lite.classifier import BATCH, SHIPPED, accuracy, read_classifier, save_classifier, train_classifier
from cpvae_lite.datasets import LABEL_NAMES
from cpvae_lite.storage import write_json
from cpvae_lite.study.records import environment

SETTINGS = {"epochs": 16, "learning_rate": 3e-3, "seed": 0}


def make(name: str) -> None:
    dataset = load_dataset(name)
    trained, accuracies = train_classifier(dataset, **SETTINGS)
    save_classifier(trained, SHIPPED / f"{name}.safetensors")
    classifier = read_classifier(SHIPPED / f"{name}.safetensors")
    share = accuracy(classifier, dataset)
    record = {
        "data": {"name": name, "fingerprint": dataset.fingerprint, "training_images": len(dataset.train)},
        "training": {**SETTINGS, "batch_size": BATCH},
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
    for each in LABEL_NAMES:
        make(each)
