"""Who is before the camera: shapes of heads, skin, hair, clothes, and how each is painted."""
