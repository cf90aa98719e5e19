"""How a scene becomes a video: views, motion, cameras, instruments of attack, files."""
