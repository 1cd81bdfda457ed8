"""What comes a while after what caused it."""

import time

PATIENCE = 60  # seconds, of a machine that does much else


def soon(what):
    """What comes of it as soon as it is something: nobody waits for a rule's target or a function's log."""
    ends = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < ends, "nothing came"
        time.sleep(0.1)
    return found
