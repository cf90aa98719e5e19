"""Encoders: the published names and padding, ONNX, and files that are of something else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import load, save, save_file

from fasharness.errors import OptionError, WeightsError
from fasharness.prepare.weights import look
from fasharness_baselines import HF, LITE0, ONNX, TIMM
from fasharness_baselines.efficientnet_lite import EfficientNetLite0, Same, published_name
from fasharness_baselines.encoders import OnnxEncoder, build, check_installed, kind


def export(path: Path, last: str = "Relu", batch: int | str = "N", inputs: int = 1) -> Path:
    """Write the mean of each channel, after one more operator, as a model in ONNX."""
    names = [f"x{number}" for number in range(inputs)]
    pictures = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, 3, 8, 8]) for name in names
    ]
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 3, 1, 1])
    mean = helper.make_node("GlobalAveragePool", ["x0"], ["m"])
    nodes = [mean, helper.make_node(last, ["m"], ["y"])]
    graph = helper.make_graph(nodes, "means", pictures, [out])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path


def published(network: EfficientNetLite0) -> dict[str, torch.Tensor]:
    """The state of an encoder as the published file names it, with its classifier."""
    state = {published_name(name): tensor for name, tensor in network.state_dict().items()}
    return {**state, "_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}


def fresh(seed: int) -> EfficientNetLite0:
    torch.manual_seed(seed)
    return EfficientNetLite0().eval()


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(
    ("kernel", "height", "width"), [(3, 8, 7), (3, 7, 8), (5, 6, 9), (5, 9, 6), (1, 4, 4)]
)
def test_padding_is_that_of_tensorflow(stride: int, kernel: int, height: int, width: int) -> None:
    """Sums by hand: output i starts at i * stride less half of the padding, rounded down."""
    torch.manual_seed(0)
    layer = Same(1, 1, kernel, stride).eval().double()
    x = torch.randn(1, 1, height, width, dtype=torch.float64)
    found = layer(x)[0, 0].detach()
    weight = layer.conv.weight.detach()[0, 0]
    sizes = [-(-n // stride) for n in (height, width)]
    assert list(found.shape) == sizes
    before = [max((out - 1) * stride + kernel - n, 0) // 2
              for out, n in zip(sizes, (height, width), strict=True)]  # fmt: skip
    for row in range(sizes[0]):
        for column in range(sizes[1]):
            total = 0.0
            for i in range(kernel):
                for j in range(kernel):
                    y, z = row * stride + i - before[0], column * stride + j - before[1]
                    if 0 <= y < height and 0 <= z < width:
                        total += float(weight[i, j] * x[0, 0, y, z])
            assert found[row, column].item() == pytest.approx(total / np.sqrt(1 + 1e-3))


def test_the_encoder_has_the_published_tensors(tmp_path: Path) -> None:
    """4 694 073 values in 296 tensors, as the package's file has, some by name and shape."""
    source = fresh(1)
    source.blocks[3].depthwise.norm.running_mean.fill_(0.5)
    state = published(source)
    assert (len(state), sum(t.numel() for t in state.values())) == (296, 4_694_073)
    shapes = {
        "_conv_stem.weight": (32, 3, 3, 3), "_bn0.bias": (32,), "_bn1.running_var": (1280,),
        "_blocks.0._depthwise_conv.weight": (32, 1, 3, 3), "_blocks.0._bn2.weight": (16,),
        "_blocks.3._depthwise_conv.weight": (144, 1, 5, 5), "_conv_head.weight": (1280, 320, 1, 1),
        "_blocks.11._project_conv.weight": (192, 672, 1, 1), "_blocks.15._bn0.weight": (1152,),
    }  # fmt: skip
    assert {name: tuple(state[name].shape) for name in shapes} == shapes
    torch.save(state, tmp_path / "a.pth")
    found = build(kind("efficientnet-lite0"), {LITE0.name: tmp_path / "a.pth"}).eval()
    pictures = torch.rand(2, 3, 40, 33)
    with torch.no_grad():
        assert torch.equal(found(pictures), source(pictures))
        assert found(pictures).shape == (2, 1280)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    state = published(fresh(1))
    del state["_blocks.4._bn1.weight"]
    torch.save(state, tmp_path / "a.pth")
    words = r"a\.pth: is not EfficientNet-Lite0: _blocks\.4\._bn1\.weight is missing"
    with pytest.raises(WeightsError, match=words):
        build(kind("efficientnet-lite0"), {LITE0.name: tmp_path / "a.pth"})


@pytest.mark.slow
def test_the_published_weights_recognise_a_uniform_and_a_daisy() -> None:
    """Grace Hopper of matplotlib and the flower of scikit-learn, with the file's classifier."""
    import matplotlib
    from PIL import Image
    from sklearn.datasets import load_sample_image

    from fasharness.engine.published import read_published
    from fasharness_baselines.efficientnet_lite import DEVIATION, MEAN

    found = look(LITE0)
    if not found.usable:
        pytest.skip("fasharness weights get efficientnet-lite0")
    network = build(kind("efficientnet-lite0"), {LITE0.name: found.path}).eval()
    state = read_published(found.path)
    hopper = Image.open(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg")
    flower = Image.fromarray(load_sample_image("flower.jpg"))
    pictures = {652: hopper.crop((0, 0, 512, 512)), 985: flower}
    for label, picture in pictures.items():
        side = min(picture.size)
        left = (picture.size[0] - side) // 2
        square = picture.crop((left, 0, left + side, side))
        small = square.resize((224, 224), Image.Resampling.BICUBIC)
        x = (torch.from_numpy(np.array(small)).permute(2, 0, 1)[None] / 255 - MEAN) / DEVIATION
        with torch.no_grad():
            logits = network(x) @ state["_fc.weight"].T + state["_fc.bias"]
        assert int(logits.argmax()) == label


@pytest.mark.parametrize("batch", ["N", 1])
def test_a_model_in_onnx_embeds_and_is_kept_in_the_state(tmp_path: Path, batch: int | str) -> None:
    encoder = build(kind("onnx"), {ONNX.name: export(tmp_path / "a.onnx", batch=batch)})
    pictures = torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    found = encoder(pictures)
    np.testing.assert_allclose(found, pictures.mean((2, 3)).relu(), atol=1e-6)
    again = build(kind("onnx"), {})
    again.load_state_dict(load(save(encoder.state_dict())))
    assert torch.equal(again(pictures), found)


def test_files_that_are_no_image_encoder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "no.onnx").write_bytes(b"no model at all" * 9)
    with pytest.raises(WeightsError, match=r"no\.onnx: is no model in ONNX"):
        OnnxEncoder(tmp_path / "no.onnx")
    with pytest.raises(WeightsError, match=r"two\.onnx: .* takes one float tensor .* and 1 more"):
        OnnxEncoder(export(tmp_path / "two.onnx", inputs=2))
    encoder = OnnxEncoder(export(tmp_path / "a.onnx"))
    with pytest.raises(WeightsError, match=r"refuses pictures \(2, 3, 9, 9\) \(option side\)"):
        encoder(torch.zeros(2, 3, 9, 9))


@pytest.mark.parametrize(
    ("name", "package"), [("onnx", "onnxruntime"), ("timm:x", "timm"), ("hf:x", "transformers")]
)
def test_a_missing_package_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(OptionError, match=rf"needs {package}, .* pip install {package} "):
        check_installed(kind(name))


@pytest.mark.parametrize("name", ["", "resnet", "timm", "timm:", "hf:", "onnx:a.onnx", "x:y"])
def test_a_name_that_is_no_encoder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="encoder must be efficientnet-lite0, onnx, timm:NAME"):
        kind(name)


def _timm_file(folder: Path) -> Path:
    timm = pytest.importorskip("timm", reason="the extra timm of fasharness-baselines")
    torch.manual_seed(3)
    save_file(timm.create_model("resnet10t", num_classes=7).state_dict(), folder / "t.safetensors")
    return folder / "t.safetensors"


def test_a_timm_model_without_its_classifier(tmp_path: Path) -> None:
    file = _timm_file(tmp_path)
    encoder = build(kind("timm:resnet10t"), {TIMM.name: file}).eval()
    kept = load(file.read_bytes())
    assert torch.equal(encoder.state_dict()["conv1.0.weight"], kept["conv1.0.weight"])
    with torch.no_grad():
        assert encoder(torch.rand(2, 3, 32, 32)).shape == (2, 512)
    with pytest.raises(WeightsError, match=r"t\.safetensors: is not resnet18: conv1\.weight is"):
        build(kind("timm:resnet18"), {TIMM.name: file})
    with pytest.raises(WeightsError, match=r"timm .* has no model 'resnot'"):
        build(kind("timm:resnot"), {})


def _hf_folder(folder: Path) -> Path:
    transformers: Any = pytest.importorskip(
        "transformers", reason="the extra hf of fasharness-baselines"
    )
    torch.manual_seed(3)
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        image_size=16, patch_size=8, num_labels=2,
    )  # fmt: skip
    transformers.ViTForImageClassification(config).save_pretrained(folder)
    return folder


def test_a_hugging_face_model_under_a_classifier(tmp_path: Path) -> None:
    folder = _hf_folder(tmp_path / "vit")
    state: dict[str, torch.Tensor] = load((folder / "model.safetensors").read_bytes())
    # The classifier's file has no pooler; that of the encoder has.
    state |= {"vit.pooler.dense.weight": torch.eye(16), "vit.pooler.dense.bias": torch.zeros(16)}
    save_file(state, folder / "model.safetensors")
    encoder = build(kind(f"hf:{folder}"), {HF.name: folder / "model.safetensors"}).eval()
    with torch.no_grad():
        assert encoder(torch.rand(3, 3, 16, 16)).shape == (3, 16)
    del state["vit.embeddings.cls_token"]
    save_file(state, folder / "model.safetensors")
    with pytest.raises(WeightsError, match=r"is not .*cls_token.* is missing or"):
        build(kind(f"hf:{folder}"), {HF.name: folder / "model.safetensors"})
    (folder / "model.safetensors").write_bytes(b"short")
    with pytest.raises(WeightsError, match="is no whole safetensors file"):
        build(kind(f"hf:{folder}"), {HF.name: folder / "model.safetensors"})
    with pytest.raises(WeightsError, match="no configuration"):
        build(kind(f"hf:{tmp_path / 'nowhere'}"), {})
