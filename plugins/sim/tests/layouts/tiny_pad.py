"""A method of one layer as a plugin of one file, to run whole twins in seconds."""

import torch

from fasharness.clips import ClipSpec, Crop, Every, Frames
from fasharness.hookspecs import hookimpl
from fasharness.method import Method, Stage


class TinyPad(Method):
    """Logistic regression on single crops of 16 pixels."""

    name = "tiny-pad"
    version = "1"

    def network(self, files):
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 1))

    def scoring_clips(self):
        return ClipSpec(Frames(1, 1, Every(stride=4, keep=1, most=1)), Crop(16))

    def stages(self):
        clips = self.scoring_clips()
        return (Stage("fit", clips, clips, 1, batch_size=16),)

    def optimizers(self, stage, network):
        return [torch.optim.SGD(network.parameters(), lr=0.01)]

    def losses(self, stage, network, batch, companions):
        truth = batch.bona_fide.float()
        logits = self._logits(network, batch)
        return {"total": torch.nn.functional.binary_cross_entropy_with_logits(logits, truth)}

    def score(self, stage, network, batch):
        return self._logits(network, batch).sigmoid()

    def _logits(self, network, batch):
        return network(batch.rgb[:, 0].float() / 255 - 0.5)[:, 0]


@hookimpl
def fasharness_methods():
    return {"tiny-pad": lambda: TinyPad}
