"""Template tags of the look; any app's templates may load them."""
