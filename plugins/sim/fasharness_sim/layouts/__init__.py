"""The layouts that the simulator can write, and which of them wrote a folder."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from fasharness.common.marks import DONE, need_simulation
from fasharness.errors import DataError
from fasharness_sim.layout import Layout
from fasharness_sim.layouts.casia_fasd import CasiaFasdLayout
from fasharness_sim.layouts.celeba_spoof import CelebaSpoofLayout
from fasharness_sim.layouts.faceforensics import FaceForensicsLayout
from fasharness_sim.layouts.lcc_fasd import LccFasdLayout
from fasharness_sim.layouts.msu_mfsd import MsuMfsdLayout
from fasharness_sim.layouts.oulu_npu import OuluNpuLayout
from fasharness_sim.layouts.replay_attack import ReplayAttackLayout
from fasharness_sim.layouts.replay_mobile import ReplayMobileLayout
from fasharness_sim.layouts.rose_youtu import RoseYoutuLayout
from fasharness_sim.layouts.siw import SiwLayout
from fasharness_sim.layouts.siw_m import SiwMLayout
from fasharness_sim.layouts.siw_mv2 import SiwMv2Layout

LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        layout.dataset: layout
        for layout in (
            OuluNpuLayout(),
            ReplayAttackLayout(),
            ReplayMobileLayout(),
            CasiaFasdLayout(),
            MsuMfsdLayout(),
            SiwLayout(),
            SiwMLayout(),
            SiwMv2Layout(),
            RoseYoutuLayout(),
            CelebaSpoofLayout(),
            LccFasdLayout(),
            FaceForensicsLayout(),
        )
    }
)


def layout_of(folder: Path) -> Layout:
    """Find the layout that wrote a folder.

    Raises:
        DataError: the folder is not a finished simulation, or no layout here wrote it.
    """
    data = need_simulation(folder).get("data")
    found = next((layout for layout in LAYOUTS.values() if layout.data == data), None)
    if found is None:
        known = ", ".join(layout.data for layout in LAYOUTS.values())
        raise DataError(f"{folder / DONE}: data {data!r} are not of this simulator ({known})")
    return found
