"""Image-quality measures of a picture against a smoothed copy of itself.

Source: Galbally, Marcel and Fierrez, "Image quality assessment for fake biometric detection", TIP
2014: what a picture loses by a slight blur is another for a recaptured one. These are those of
its 25 measures that need no trained model and no edge or corner detector.
"""

import cv2
import numpy as np

from fasharness_baselines.describing import Floats, Pixels

COUNT = 16
_SIZE, _SIGMA = (3, 3), 0.5
_LARGEST = 10
_LOW = 0.15
_TINY = 1e-9
_SSIM_MEAN, _SSIM_SPREAD = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def measures(face: Pixels) -> Floats:
    """Compare a picture with its smoothed copy.

    Args:
        face: uint8 (H, W, 3), RGB.

    Returns:
        float64 (16,): MSE, PSNR, SNR, SC, MD, AD, NAE, RAMD, LMSE, NXC, SME, SPE, GME, GPE, SSIM,
        HLFI, as the source names them.
    """
    grey = np.asarray(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), np.float64)
    soft = np.asarray(cv2.GaussianBlur(grey, _SIZE, _SIGMA), np.float64)
    return np.array(
        [
            *_differences(grey, soft),
            *_correlations(grey, soft),
            *_spectral(grey, soft),
            *_gradients(grey, soft),
            _similarity(grey, soft),
            _balance(grey),
        ]
    )


def _differences(grey: Floats, soft: Floats) -> tuple[float, ...]:
    """MSE, PSNR, SNR, SC, MD, AD, NAE and RAMD: of pixel by pixel."""
    gap = np.abs(grey - soft)
    square = max(float((gap**2).mean()), _TINY)
    power = max(float((grey**2).mean()), _TINY)
    return (
        square,
        10 * np.log10(255**2 / square),
        10 * np.log10(power / square),
        power / max(float((soft**2).mean()), _TINY),
        float(gap.max()),
        float(gap.mean()),
        float(gap.sum() / max(grey.sum(), _TINY)),
        float(np.sort(gap.ravel())[-_LARGEST:].mean()),
    )


def _correlations(grey: Floats, soft: Floats) -> tuple[float, float]:
    """LMSE and NXC: of Laplacians, and of the pictures themselves."""
    edges, lost = cv2.Laplacian(grey, cv2.CV_64F), cv2.Laplacian(soft, cv2.CV_64F)
    laplacian = ((edges - lost) ** 2).sum() / max((edges**2).sum(), _TINY)
    return float(laplacian), float((grey * soft).sum() / max((grey**2).sum(), _TINY))


def _spectral(grey: Floats, soft: Floats) -> tuple[float, float]:
    """SME and SPE: of magnitude and phase of the spectra."""
    sharp, dull = np.fft.fft2(grey), np.fft.fft2(soft)
    size = ((np.abs(sharp) - np.abs(dull)) ** 2).mean() / grey.size
    return float(size), float(((np.angle(sharp) - np.angle(dull)) ** 2).mean())


def _gradients(grey: Floats, soft: Floats) -> tuple[float, float]:
    """GME and GPE: of magnitude and direction of the gradients."""
    sharp, dull = (
        cv2.Sobel(p, cv2.CV_64F, 1, 0) + 1j * cv2.Sobel(p, cv2.CV_64F, 0, 1) for p in (grey, soft)
    )
    size = ((np.abs(sharp) - np.abs(dull)) ** 2).mean()
    return float(size), float(((np.angle(sharp) - np.angle(dull)) ** 2).mean())


def _similarity(grey: Floats, soft: Floats) -> float:
    """SSIM (Wang et al. 2004)."""

    def local(values: Floats) -> Floats:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float64)

    one, two = local(grey), local(soft)
    own, other = local(grey**2) - one**2, local(soft**2) - two**2
    common = local(grey * soft) - one * two
    means = (2 * one * two + _SSIM_MEAN) / (one**2 + two**2 + _SSIM_MEAN)
    return float((means * (2 * common + _SSIM_SPREAD) / (own + other + _SSIM_SPREAD)).mean())


def _balance(grey: Floats) -> float:
    """HLFI: low less high frequencies, as a share of all."""
    size = np.abs(np.fft.fft2(grey))
    radius = np.hypot(np.fft.fftfreq(grey.shape[0])[:, None], np.fft.fftfreq(grey.shape[1])[None])
    low = size[radius < _LOW].sum()
    return float((2 * low - size.sum()) / max(size.sum(), _TINY))
