"""The weights that the harness's own detector and depth estimator use."""

from fasharness.common.packages import Wheel
from fasharness.weights import InPackage, Weights

_MEDIAPIPE = Wheel(
    "mediapipe",
    "0.10.21",  # the newest version that contains the model
    sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    size=35_622_638,
    tags="cp311-cp311-manylinux_2_28_x86_64",  # the wheels of all platforms contain the same file
)
_MTCNN = Wheel(
    "mtcnn",
    "1.0.0",
    sha256="0a96b4868e56db9ae984449519642be6dba03240e608a67e928ebb47833e9144",
    size=1_898_606,
)

FACE_LANDMARK = Weights(
    name="face-landmark",
    title="face landmark model of MediaPipe, 468 points",
    licence="Apache-2.0",
    source=InPackage(_MEDIAPIPE, "mediapipe/modules/face_landmark/face_landmark.tflite"),
    sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    size=1_242_398,
)


def _mtcnn(name: str, network: str, sha256: str, size: int) -> Weights:
    return Weights(
        name=f"mtcnn-{name}",
        title=f"{network} network of MTCNN, package mtcnn",
        licence="MIT",
        source=InPackage(_MTCNN, f"mtcnn/assets/weights/{name}.lz4"),
        sha256=sha256,
        size=size,
    )


MTCNN_NETWORKS = (
    _mtcnn(
        "pnet",
        "proposal",
        "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
        27_119,
    ),
    _mtcnn(
        "rnet",
        "refinement",
        "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
        401_659,
    ),
    _mtcnn(
        "onet",
        "output",
        "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
        1_557_637,
    ),
)
"""In the order of the cascade."""
