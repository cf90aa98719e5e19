"""What the validity report needs besides the simulator, asked for before anything long."""

from fasharness.errors import OptionError


def need_scorers() -> None:
    """Refuse to begin where the classic scorers, or what they need, are missing.

    Raises:
        OptionError: they are.
    """
    try:
        from fasharness_baselines.needs import need
    except ImportError:
        raise OptionError(
            "the validity report takes its classic scorers from fasharness-baselines, which is "
            "not installed: pip install './plugins/baselines[classic]' in the repository"
        ) from None
    need("the validity report", "skimage", "scikit-image", "classic")
    need("the validity report", "sklearn", "scikit-learn", "classic")
