"""What every part of the harness shares and that knows nothing of faces: files, text, processes."""
