"""Published figures, each verified in its source, and their table."""

from dataclasses import dataclass

from fasharness.report.grid import Grid
from fasharness.report.numbers import label, percent


@dataclass(frozen=True)
class Reference:
    """A figure from the literature, verified in its source.

    Attributes:
        method: the method.
        protocol: the protocol, or training and test data.
        metric: the metric.
        value: the figure as a share.
        source: the publication or file that states it.
    """

    method: str
    protocol: str
    metric: str
    value: float
    source: str


REFERENCES = (
    Reference("CDCN++", "oulu1", "acer", 0.002, "Yu et al., arXiv 2003.04092, abstract"),
    Reference("CDCN++", "CASIA-MFSD to Replay-Attack", "hter", 0.065, "the same abstract"),
    Reference(
        "LGSC_Lite", "FaceForensics benchmark", "accuracy", 0.848, "table in VIS-VAR/LGSC-for-FAS"
    ),
)


def literature() -> Grid:
    """Format the published figures that were verified in their sources as a table.

    Returns:
        A table; unverified figures are not in it.
    """
    rows = [(r.method, r.protocol, label(r.metric), f"{percent(r.value)} %", r.source)
            for r in REFERENCES]  # fmt: skip
    notes = ("Taken from the sources named, with their settings and threshold rules.",)
    header = ("method", "protocol", "metric", "value", "source")
    return Grid("Published figures, each verified in its source", header, rows, notes)
