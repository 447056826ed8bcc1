"""Circuit breakers: what keeps failing is left alone for a while, and tried again by itself."""

from vcanalytics.breakers.breaker import PAUSES_S, Breaker, Open, reset
from vcanalytics.journal.breakers import BreakerState, State, find, listed

__all__ = ["PAUSES_S", "Breaker", "BreakerState", "Open", "State", "find", "listed", "reset"]
