"""The engine: training and scoring loops on Lightning Fabric, checkpoints, resuming."""
