"""CDCN for fasharness; the network is in `fasharness_cdcn.network`."""
