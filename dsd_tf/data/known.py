"""What the papers do to each image set: normalisation, augmentation, image size.

CIFAR and flowers are normalised as in DSD2 (Quetu and Tartaglione, AAAI 2024), which takes ImageNet's
constants for all of them; MNIST as in Sparse Double Descent (He et al., ICML 2022); Fashion-MNIST and
KMNIST as in EDropout (Salehinejad and Valaee, 2020), which only scales pixels to [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

# of CIFAR-10's training images, as most code has it
CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
_IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


@dataclass(frozen=True)
class Known:
    """The published treatment of one set; `mean` and `std` are per channel, of pixels in [0, 1].

    A set whose images vary in size is scaled so that the shorter side is `shorter_side` pixels and cut to
    the centre `image_size` x `image_size`; both are 0 for a set of one size. `unlabelled` names splits whose
    labels are secret.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    augmentation: str = "none"
    image_size: int = 0
    shorter_side: int = 0
    unlabelled: tuple[str, ...] = ()

    def shorter_side_for(self, image_size: int) -> int:
        """The shorter side to scale to before a cut to `image_size`, in the published proportion."""
        return round(image_size * self.shorter_side / self.image_size) if self.image_size else image_size


KNOWN = {
    "mnist": Known((0.1307,), (0.3081,)),
    "fashion_mnist": Known((0.0,), (1.0,)),
    "kmnist": Known((0.0,), (1.0,)),
    "cifar10": Known(**_IMAGENET, augmentation="crop_flip"),
    "cifar100": Known(**_IMAGENET, augmentation="crop_flip"),
    "oxford_flowers102": Known(**_IMAGENET, image_size=128, shorter_side=156),
    "imagenet2012": Known(**_IMAGENET, image_size=224, shorter_side=256, unlabelled=("test",)),
}


def known(name: str) -> Known | None:
    """The entry of a TFDS name with or without configuration and version ("mnist:3.0.1"), or None."""
    return KNOWN.get(base_name(name))


def base_name(name: str) -> str:
    """A TFDS name without configuration and version."""
    return name.split(":")[0].split("/")[0]
