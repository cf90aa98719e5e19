"""The built-in plugin, which uses the same hooks as any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fasharness.hookspecs import hookimpl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fasharness.dataset import Dataset
    from fasharness.faces import CropRule, DepthEstimator, Detector
    from fasharness.method import Method
    from fasharness.weights import Weights


def _constant() -> type[Method]:
    from fasharness.builtin.baselines import Constant

    return Constant


def _brightness() -> type[Method]:
    from fasharness.builtin.baselines import Brightness

    return Brightness


def _oulu_npu() -> type[Dataset]:
    from fasharness.builtin.datasets.oulu_npu import OuluNpu

    return OuluNpu


def _replay_attack() -> type[Dataset]:
    from fasharness.builtin.datasets.replay_attack import ReplayAttack

    return ReplayAttack


def _replay_mobile() -> type[Dataset]:
    from fasharness.builtin.datasets.replay_mobile import ReplayMobile

    return ReplayMobile


def _casia_fasd() -> type[Dataset]:
    from fasharness.builtin.datasets.casia_fasd import CasiaFasd

    return CasiaFasd


def _msu_mfsd() -> type[Dataset]:
    from fasharness.builtin.datasets.msu_mfsd import MsuMfsd

    return MsuMfsd


def _ocim() -> type[Dataset]:
    from fasharness.builtin.datasets.ocim import Ocim

    return Ocim


def _siw() -> type[Dataset]:
    from fasharness.builtin.datasets.siw import Siw

    return Siw


def _siw_m() -> type[Dataset]:
    from fasharness.builtin.datasets.siw_m import SiwM

    return SiwM


def _siw_mv2() -> type[Dataset]:
    from fasharness.builtin.datasets.siw_mv2 import SiwMv2

    return SiwMv2


def _rose_youtu() -> type[Dataset]:
    from fasharness.builtin.datasets.rose_youtu import RoseYoutu

    return RoseYoutu


def _celeba_spoof() -> type[Dataset]:
    from fasharness.builtin.datasets.celeba_spoof import CelebaSpoof

    return CelebaSpoof


def _lcc_fasd() -> type[Dataset]:
    from fasharness.builtin.datasets.lcc_fasd import LccFasd

    return LccFasd


def _faceforensics() -> type[Dataset]:
    from fasharness.builtin.datasets.faceforensics import FaceForensics

    return FaceForensics


def _mtcnn(device: str) -> Detector:
    from fasharness.prepare.mtcnn import MTCNN

    return MTCNN(device)


def _pillow() -> CropRule:
    from fasharness.prepare import crop

    return crop.PILLOW


def _floor() -> CropRule:
    from fasharness.prepare import crop

    return crop.FLOOR


def _face_landmark(device: str) -> DepthEstimator:
    from fasharness.prepare.landmarks import LandmarkDepth

    del device  # the 3 ms model runs on the CPU
    return LandmarkDepth()


@hookimpl
def fasharness_methods() -> Mapping[str, Callable[[], type[Method]]]:
    """The two trivial scorers that every result is compared with."""
    return {"constant": _constant, "brightness": _brightness}


@hookimpl
def fasharness_datasets() -> Mapping[str, Callable[[], type[Dataset]]]:
    """The data sets in `fasharness.builtin.datasets`, one file each."""
    return {
        "casia-fasd": _casia_fasd,
        "celeba-spoof": _celeba_spoof,
        "faceforensics": _faceforensics,
        "lcc-fasd": _lcc_fasd,
        "msu-mfsd": _msu_mfsd,
        "ocim": _ocim,
        "oulu-npu": _oulu_npu,
        "replay-attack": _replay_attack,
        "replay-mobile": _replay_mobile,
        "rose-youtu": _rose_youtu,
        "siw": _siw,
        "siw-m": _siw_m,
        "siw-mv2": _siw_mv2,
    }


@hookimpl
def fasharness_detectors() -> Mapping[str, Callable[[str], Detector]]:
    """MTCNN, the papers' detector."""
    return {"mtcnn": _mtcnn}


@hookimpl
def fasharness_crops() -> Mapping[str, Callable[[], CropRule]]:
    """The crop rules of the published codes."""
    return {"pillow": _pillow, "floor": _floor}


@hookimpl
def fasharness_depth_estimators() -> Mapping[str, Callable[[str], DepthEstimator]]:
    """Depth from the 468-point face landmark model."""
    return {"face-landmark": _face_landmark}


@hookimpl
def fasharness_weights() -> Mapping[str, Callable[[], Weights]]:
    """Those of the detector and of the depth estimator."""
    from fasharness.prepare import own_weights

    offered = (own_weights.FACE_LANDMARK, *own_weights.MTCNN_NETWORKS)
    return {weights.name: partial(_same, weights) for weights in offered}


def _same(weights: Weights) -> Weights:
    return weights


@hookimpl(trylast=True)
def fasharness_decode(path: Path, wanted: Sequence[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Videos, images and ordered folders of images, by OpenCV."""
    from fasharness.prepare.decode import decode

    return decode(path, wanted)


@hookimpl(trylast=True)
def fasharness_count_frames(path: Path) -> int:
    """Count the frames of a video by decoding it, since containers state wrong counts."""
    from fasharness.prepare.decode import count_frames

    return count_frames(path)
