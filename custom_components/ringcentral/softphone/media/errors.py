"""What can go wrong with sound."""


class MediaError(Exception):
    """Sound can't be received, sent or kept; the text says why, without addresses or paths."""
