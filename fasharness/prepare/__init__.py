"""From videos to stored clips: decode, detect, crop, depth."""
