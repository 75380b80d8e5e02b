"""How fast the time passes that AWS gives a host to leave: minutes there, in which nothing happens that a rehearsal could show."""


class _Pace:
    times = 1.0


_pace = _Pace()


def set_times(times):
    """So many times faster than on AWS."""
    _pace.times = times


def seconds(on_aws):
    return on_aws / _pace.times
