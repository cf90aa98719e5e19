"""Tests of forgeries: only the face changes, and each method leaves the traces of its kind."""

import dataclasses

import cv2
import numpy as np
import pytest

from fasharness_sim.capture import forgery, record
from fasharness_sim.capture.forgery import METHODS
from fasharness_sim.fields import stream
from fasharness_sim.formats import Format
from fasharness_sim.people import head
from fasharness_sim.people.person import person


@pytest.fixture(scope="module")
def capture():
    return record.Capture(0, 1, 1, 3, head.build(person(0, 1), 0), Format(320, 240, 4, 15))


@pytest.fixture(scope="module")
def original(capture):
    return record.bona_fide(capture)


@pytest.fixture(scope="module")
def faces(capture):
    other = dataclasses.replace(capture, head=head.build(person(0, 2), 0))
    return {True: record.acted(other), False: record.acted(capture)}


@pytest.fixture(scope="module")
def forged(capture, original, faces):
    return {
        name: record.forged(capture, original, faces[method.swaps], name, 1)
        for name, method in METHODS.items()
    }


def _changed(a, b, at=0):
    return np.abs(a.frames[at].astype(int) - b.frames[at]).max(-1)


@pytest.mark.parametrize("name", METHODS)
def test_only_the_face_changes(original, forged, name):
    made = forged[name]
    np.testing.assert_array_equal(made.marks, original.marks)
    for at in range(4):
        left, top = original.marks[at].min(0).astype(int) - 6
        right, bottom = original.marks[at].max(0).astype(int) + 6
        changed = _changed(original, made, at)
        assert changed[top:bottom, left:right].max() > 12
        changed[top:bottom, left:right] = 0
        assert changed.max() <= 1


def test_only_the_mouth_changes_where_a_method_says_so(original, forged):
    changed = _changed(original, forged["NeuralTextures"])
    eyes, chin = original.eyes[0][:, 1].max(), original.marks[0][:, 1].max()
    assert changed[: int(eyes)].max() <= 1
    assert changed[int(eyes) : int(chin)].max() > 12


def test_a_swap_is_nearer_to_the_other_person_than_a_reenactment(original, faces, forged):
    """Laid over the original, the inner face of a swap is the other person's."""

    def distance(made, face):
        onto, donor = made.marks[0], face.marks[0]
        laid = forgery._laid(face.frames[0], donor[17:68], onto[17:68], np.zeros(2, np.float32))
        x, y = onto[17:68].mean(0).astype(int)
        part = np.s_[y - 16 : y + 16, x - 16 : x + 16]
        a, b = cv2.blur(made.frames[0], (3, 3))[part], cv2.blur(laid, (3, 3))[part]
        return np.std(a.astype(float) - b, axis=(0, 1)).mean()

    for name in ("FaceSwap", "FaceShifter", "Deepfakes"):
        made = forged[name]
        assert distance(made, faces[True]) < distance(made, original), name
    assert distance(forged["Face2Face"], faces[True]) > distance(forged["Face2Face"], original)


def _sharpness(recording):
    x, y = recording.marks[0][17:68].mean(0).astype(int)
    face = cv2.cvtColor(recording.frames[0], cv2.COLOR_BGR2GRAY)[y - 20 : y + 20, x - 20 : x + 20]
    return cv2.Laplacian(face, cv2.CV_64F).var()


def test_a_network_of_few_pixels_loses_detail(forged):
    assert _sharpness(forged["Deepfakes"]) < 0.4 * _sharpness(forged["FaceSwap"])


def test_the_seam_is_as_wide_as_the_method_says(original):
    marks = original.marks[0]

    def seam(name):
        cover = forgery._region(marks, METHODS[name], 30.0, (240, 320))
        return ((cover > 0.05) & (cover < 0.95)).sum()

    assert seam("FaceSwap") < 0.4 * seam("FaceShifter") < 0.4 * 1.2 * seam("Deepfakes")


def test_a_forgery_is_the_same_for_the_same_stream(original, faces):
    onto, face = (forgery.Face(r.frames, r.marks) for r in (original, faces[True]))
    made = [forgery.forge(onto, face, METHODS["FaceSwap"], stream(0, s)) for s in (1, 1, 2)]
    np.testing.assert_array_equal(made[0], made[1])
    assert np.abs(np.subtract(made[0], made[2], dtype=int)).max() > 5
