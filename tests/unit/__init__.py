"""One room of C{twisted_ha} at a time."""

from hypothesis import HealthCheck, settings

# The same examples everywhere, and no promises of time: the machines are shared.
settings.register_profile(
    "shared machine", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("shared machine")
