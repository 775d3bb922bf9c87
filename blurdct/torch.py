"""Batches of pictures in torch -> the 18 statistics, with gradients, on CPU and CUDA.

The very functions of ``features``, over a batch: for losses (how sharp is what a network paints?),
layers, and searches by gradient. ``torch.compile`` cannot look into them; what it is to compile
calls ``torch.compiler.disable(image_features)`` instead.

>>> loss = -image_features(pictures, peak=1)[:, FEATURES.index("high_freq_energy")].mean()
"""

from typing import Any

from .features.bands import FEATURES, band_statistics
from .features.blocks import SIZE, block_evidence, grid, unfold
from .features.dct import block_dct

try:
    import torch
except ImportError as error:
    from .utils.installing import install_hint

    raise ImportError(f"blurdct.torch needs torch: {install_hint('train', error)}") from error

__all__ = ["FEATURES", "block_statistics", "image_features"]

LUMA = (0.299, 0.587, 0.114)  # of red, green, blue: ITU-R BT.601-7, 2.5.1, as in ``images``


def block_statistics(images: torch.Tensor, peak: float = 255.0) -> torch.Tensor:
    """Describe every 8x8 block of every picture.

    Pictures are taken as they are; ``images.read_luma`` reduces photographs to 512 pixels, and
    rounds their luma to whole grey levels.

    Args:
        images: Shape (N, H, W) or (N, 1, H, W), grey, or (N, 3, H, W), red, green and blue;
            floating point, 0..``peak``. A side has 8 or more; what is left over is cropped.
        peak: The value of white: 255, or 1 for pictures in 0..1.

    Returns:
        Shape (N, 18, H // 8, W // 8), channels in the order of ``FEATURES``, in grey levels 0..255
        whatever the peak; device as given; float64 of float64, else float32, in which alone fourth
        powers of grey levels have room (where TF32 products are allowed on CUDA, take float64:
        their 10 bits lose the high band). Gradients are finite, and those of a flat block's shapes
        (std, kurt, skew, entropy) are 0.

    Raises:
        ValueError: Another shape, integers, a side under 8 pixels, or a peak that is not above 0.
    """
    if images.ndim != 3 and (images.ndim != 4 or images.shape[1] not in (1, 3)):
        raise ValueError(
            f"expected shape (N, H, W), (N, 1, H, W) or (N, 3, H, W), got {tuple(images.shape)}"
        )
    if not images.is_floating_point():
        raise ValueError(f"expected floating point, got {images.dtype}; take images.float()")
    if not peak > 0:
        raise ValueError(f"peak: expected over 0, got {peak}")
    with _no_autocast(images.device.type):
        luma = _luma(images, peak)
        count, height, width = luma.shape
        rows, columns = grid(height, width)
        # one picture above the other, which is how ``unfold`` keeps their blocks in order
        tower = luma[:, : rows * SIZE].reshape(count * rows * SIZE, width)
        if count == 0:
            return luma.new_zeros((0, len(FEATURES), rows, columns))
        statistics = band_statistics(block_dct(unfold(tower)))
        return statistics.reshape(len(FEATURES), count, rows, columns).movedim(1, 0)


def image_features(images: torch.Tensor, peak: float = 255.0) -> torch.Tensor:
    """The 18 numbers that describe each picture: each statistic's mean over its blocks.

    A block counts as ``features.blocks.block_evidence`` says; gradients take that as it is.

    Args:
        images: As for ``block_statistics``.
        peak: As for ``block_statistics``.

    Returns:
        Shape (N, 18), in the order of ``FEATURES``; device and dtype as of ``block_statistics``.

    Raises:
        ValueError: As for ``block_statistics``.
    """
    statistics = block_statistics(images, peak)
    with torch.no_grad(), _no_autocast(images.device.type):
        weights = block_evidence(_luma(images, peak)).to(statistics.dtype)
        weights = weights / weights.sum(dim=(1, 2), keepdim=True)
    return (statistics * weights[:, None]).sum(dim=(2, 3))


def _luma(images: torch.Tensor, peak: float) -> torch.Tensor:
    """(N, H, W), grey levels 0..255, of what ``block_statistics`` takes."""
    wide = torch.float64 if images.dtype == torch.float64 else torch.float32
    luma = images.to(wide) * (255.0 / peak)
    if luma.ndim == 3:
        return luma
    if luma.shape[1] == 1:
        return luma[:, 0]
    return torch.tensordot(luma, luma.new_tensor(LUMA), dims=([1], [0]))


def _no_autocast(device: str) -> Any:
    """Half precision, wherever a training loop asks for it, overflows here."""
    if not torch.amp.is_autocast_available(device):
        device = "cpu"
    return torch.autocast(device, enabled=False)
