"""The 20 super-classes of CIFAR-100 (Krizhevsky, 2009; https://www.cs.toronto.edu/~kriz/cifar.html)."""

from __future__ import annotations

import numpy as np

_NAMES = """
aquatic mammals: beaver dolphin otter seal whale
fish: aquarium_fish flatfish ray shark trout
flowers: orchid poppy rose sunflower tulip
food containers: bottle bowl can cup plate
fruit and vegetables: apple mushroom orange pear sweet_pepper
household electrical devices: clock keyboard lamp telephone television
household furniture: bed chair couch table wardrobe
insects: bee beetle butterfly caterpillar cockroach
large carnivores: bear leopard lion tiger wolf
large man-made outdoor things: bridge castle house road skyscraper
large natural outdoor scenes: cloud forest mountain plain sea
large omnivores and herbivores: camel cattle chimpanzee elephant kangaroo
medium-sized mammals: fox porcupine possum raccoon skunk
non-insect invertebrates: crab lobster snail spider worm
people: baby boy girl man woman
reptiles: crocodile dinosaur lizard snake turtle
small mammals: hamster mouse rabbit shrew squirrel
trees: maple_tree oak_tree palm_tree pine_tree willow_tree
vehicles 1: bicycle bus motorcycle pickup_truck train
vehicles 2: lawn_mower rocket streetcar tank tractor
"""


def _numbered() -> np.ndarray:
    members = [line.partition(": ")[2].split() for line in _NAMES.strip().splitlines()]
    numbers = {name: number for number, name in enumerate(sorted(sum(members, [])))}
    return np.array([[numbers[name] for name in names] for names in members])


SUPERCLASSES = _numbered()
"""int [20, 5]: the classes, which are numbered by the alphabet, of each super-class."""
