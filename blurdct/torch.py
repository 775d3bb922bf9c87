"""Batches of pictures in torch -> the 18 statistics, with gradients, on CPU and CUDA; and the 350.

The very functions of ``features``, over a batch: for losses (how sharp is what a network paints?),
layers, and searches by gradient. ``torch.compile`` cannot look into them; what it is to compile
calls ``torch.compiler.disable(image_features)`` instead.

>>> loss = -image_features(pictures, peak=1)[:, FEATURES.index("high_freq_energy")].mean()
"""

from typing import Any

import numpy as np

from .features import block_map, summary
from .features.bands import BANDS, FEATURES, band_statistics
from .features.blocks import SIZE, block_evidence, grid, unfold
from .features.dct import block_dct

try:
    import torch
except ImportError as error:
    from .utils.installing import install_hint

    raise ImportError(f"blurdct.torch needs torch: {install_hint('train', error)}") from error

__all__ = ["FEATURES", "block_statistics", "image_features", "wide_numbers"]

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
    _check(images, peak)
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


def _check(images: torch.Tensor, peak: float) -> None:
    if images.ndim != 3 and (images.ndim != 4 or images.shape[1] not in (1, 3)):
        raise ValueError(
            f"expected shape (N, H, W), (N, 1, H, W) or (N, 3, H, W), got {tuple(images.shape)}"
        )
    if not images.is_floating_point():
        raise ValueError(f"expected floating point, got {images.dtype}; take images.float()")
    if not peak > 0:
        raise ValueError(f"peak: expected over 0, got {peak}")


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


def wide_numbers(images: torch.Tensor, peak: float = 255.0) -> torch.Tensor:
    """The 350 numbers of each picture that the model ``best`` goes by; they have no gradients.

    Args:
        images: As for ``block_statistics``, all of one size, the long side 640 as the model learnt
            at. Luma is rounded to whole grey levels, as that of files is.
        peak: As for ``block_statistics``.

    Returns:
        Shape (N, 350), float32, as ``features.summary.SUMMARY`` names them, device as given; to
        a thousandth what a photo's file leads to. A frame around it is not looked for.

    Raises:
        ValueError: As for ``block_statistics``.
    """
    _check(images, peak)
    with torch.no_grad(), _no_autocast(images.device.type):
        luma = torch.round(_luma(images, peak)).to(torch.float32)
        found = luma.new_zeros((len(luma), len(summary.SUMMARY)))
        turned, luma = _towards_light(luma)
        for turn in (False, True):  # two shapes
            some = luma[turned == turn]
            if len(some):
                cells = _cells(some.transpose(1, 2).contiguous() if turn else some)
                found[turned == turn] = _summarised(cells)
        return found


def _towards_light(luma: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Whether each picture is to be transposed, and all of them mirrored; see ``orientation``."""

    def later(sums: torch.Tensor) -> torch.Tensor:
        half = sums.shape[1] // 2
        return sums[:, -half:].sum(1) - sums[:, :half].sum(1)

    right, down = later(luma.double().sum(1)), later(luma.double().sum(2))
    luma = torch.where((right > 0)[:, None, None], luma.flip(2), luma)
    luma = torch.where((down > 0)[:, None, None], luma.flip(1), luma)
    return down.abs() > right.abs(), luma


def _cells(luma: torch.Tensor) -> torch.Tensor:
    """(N, 92, h, w), as ``features.block_map.map_blocks`` has them, of pictures that lie so."""
    rows, columns = grid(*luma.shape[1:])
    top, left = ((extent % SIZE) // 2 for extent in luma.shape[1:])
    luma = luma[:, top : top + rows * SIZE, left : left + columns * SIZE]
    high, wide = (-(-count // block_map.CELL) for count in (rows, columns))
    pad = torch.nn.functional.pad
    blocks = pad(_described(luma), (0, wide * 2 - columns, 0, high * 2 - rows))
    ones = pad(luma.new_ones((1, 1, rows, columns)), (0, wide * 2 - columns, 0, high * 2 - rows))
    pool, largest = torch.nn.functional.avg_pool2d, torch.nn.functional.max_pool2d
    sectors = blocks[:, len(FEATURES) : len(block_map.STATISTICS)]
    reduced = []
    for factor in block_map.SCALES.values():
        side = factor * SIZE
        ways = [_mirrored(extent, -extent % side, luma.device) for extent in luma.shape[1:]]
        whole = luma[:, ways[0]][:, :, ways[1]]
        small = pool(whole[:, None], factor)[:, 0]
        # as OpenCV rounds: at a half upwards from the middle, else to the even one
        small = torch.floor(small + 0.5) if factor == 2 else torch.round(small)
        cells = _described(small)[:, : len(block_map.STATISTICS)]
        again = side // (block_map.CELL * SIZE)
        cells = cells.repeat_interleave(again, 2).repeat_interleave(again, 3)
        reduced.append(cells[:, :, :high, :wide])
    inside = luma.new_ones((len(luma), 1, high, wide))
    return torch.cat([pool(blocks, 2) / pool(ones, 2), largest(sectors, 2), *reduced, inside], 1)


def _mirrored(extent: int, more: int, device: torch.device) -> torch.Tensor:
    """Places along an axis that is continued by its mirror image, as by NumPy's ``symmetric``."""
    return torch.from_numpy(np.pad(np.arange(extent), (0, more), "symmetric")).to(device)


def _described(luma: torch.Tensor) -> torch.Tensor:
    """(N, H, W), whole blocks -> (N, 28, H / 8, W / 8): statistics and brightness of each."""
    count, height, width = luma.shape
    coefficients = block_dct(unfold(luma.reshape(count * height, width)))
    statistics = band_statistics(coefficients)
    statistics[block_map.LOGARITHMS] = torch.log1p(statistics[block_map.LOGARITHMS])
    means = torch.from_numpy(block_map.sector_means()).to(luma.device)
    energies = torch.log1p(means @ (coefficients * coefficients))
    every = torch.cat([statistics, energies, coefficients[:1] / (SIZE * 255)])
    return every.reshape(len(every), count, height // SIZE, width // SIZE).movedim(1, 0)


def _summarised(maps: torch.Tensor) -> torch.Tensor:
    """(N, 92, h, w) -> (N, 350), as ``features.summary.summarise`` does for one."""
    cells = maps.flatten(2)
    energy, count = cells[:, summary.ENERGY], cells.shape[2]
    shares = torch.tensor([summary.STRONG, 0.5], device=cells.device)
    quantiles = torch.quantile(energy, shares, dim=1).T
    told = energy >= quantiles[:, :1] - summary.RANGE
    many = told.sum(1)

    def first(ranked: torch.Tensor, most: torch.Tensor) -> torch.Tensor:
        """Which of the ranked cells are among so many first ones."""
        return torch.arange(count, device=ranked.device) < most[:, None, None]

    def mean(values: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
        return torch.where(counted, values, 0.0).sum(2) / counted.sum(2)

    kept, lowest = cells[:, summary.KEPT], -torch.inf
    falling = torch.where(told[:, None], kept, lowest).sort(2, descending=True).values
    tenth = first(falling, (many // 10).clamp(min=1))
    apart = _differences(cells)
    rising = torch.where(told[:, None], apart, torch.inf).sort(2).values
    of_them = (many - 1).double()
    at = [torch.round(share * of_them).long() for share in summary.QUANTILES]
    ranked = [rising.gather(2, one[:, None, None].expand(-1, rising.shape[1], 1)) for one in at]
    order = torch.where(told, energy, lowest).sort(stable=True, dim=1, descending=True).indices
    strongest = apart.gather(2, order[:, None].expand_as(apart))
    third = first(strongest, torch.round(summary.THIRD * many.double()).long().clamp(min=1))
    middle = mean(strongest, third)
    spread = mean((strongest - middle[:, :, None]) ** 2, third).sqrt()
    noise = cells[:, summary._NOISE].sort(2).values[:, :, round(summary.FLOOR * (count - 1))]
    luma = cells[:, summary._LUMA]
    size = luma.new_full((len(cells), 1), float(np.log(count)))
    lights = [mean(luma[:, None], told[:, None]), luma.mean(1, keepdim=True)]
    lights.append(luma.std(1, correction=0, keepdim=True))
    parts = [mean(kept, told[:, None]), mean(falling, tenth), *(one[:, :, 0] for one in ranked)]
    parts += [spread, (many / count)[:, None], size, quantiles, noise, *lights]
    return torch.cat([part.to(torch.float32) for part in parts], 1)


def _differences(cells: torch.Tensor) -> torch.Tensor:
    """(N, 92, C) -> (N, 44, C), as in ``features.summary.DIFFERENCES``."""
    sizes = [cells[:, at] for at in summary._AT]
    bands = [one.unflatten(1, (len(BANDS), len(block_map.DIRECTIONS))) for one in sizes]
    parts = [sizes[0] - sizes[1], sizes[1] - sizes[2]]
    for low, medium, high in (one.unbind(1) for one in bands):
        parts += [high - medium, medium - low]
    full, half, quarter = (one.exp().mean(2).log() for one in bands)
    parts += [full - half, half - quarter]
    return torch.cat([*parts, full[:, 2:3] - half[:, :1], full[:, 1:2] - quarter[:, :1]], 1)


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
