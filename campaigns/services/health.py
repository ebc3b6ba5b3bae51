"""The health of channels: a circuit breaker and a shared speed limit, both rows, so a flushed Redis is harmless."""

from datetime import datetime

from config.kit.batches import execute, fetch

# So many windows in a row that could not reach the provider open the circuit, first for this long.
OPENS_AFTER = 3
FIRST_PAUSE_SECONDS = 15
LONGEST_PAUSE_SECONDS = 300


def closed_to() -> list[str]:
    """Channels that nobody tries for the moment."""
    rows = fetch("SELECT channel FROM campaigns_channelhealth WHERE open_until > clock_timestamp()")
    return [channel for (channel,) in rows]


def failed(channel: str, error: str, now: datetime) -> None:
    """A window could not reach the provider: after some in a row nobody tries for a while, ever longer."""
    execute(
        """
        INSERT INTO campaigns_channelhealth AS h (channel, failures, last_error, last_failed_at)
        VALUES (%(channel)s, 1, %(error)s, %(now)s)
        ON CONFLICT (channel) DO UPDATE SET
            failures = h.failures + 1, last_error = excluded.last_error, last_failed_at = excluded.last_failed_at,
            open_until = CASE WHEN h.failures + 1 >= %(opens)s THEN
                clock_timestamp() + make_interval(secs => least(
                    %(longest)s, %(first)s * power(2, least(h.failures + 1 - %(opens)s, 10)))) END
        """,
        {
            "channel": channel,
            "error": error[:300],
            "now": now,
            "opens": OPENS_AFTER,
            "first": FIRST_PAUSE_SECONDS,
            "longest": LONGEST_PAUSE_SECONDS,
        },
    )


def worked(channel: str, now: datetime) -> None:
    """The provider answered: the circuit is closed. Written at most every few seconds while all is well."""
    execute(
        """
        INSERT INTO campaigns_channelhealth AS h (channel, failures, last_error, last_sent_at)
        VALUES (%(channel)s, 0, '', %(now)s)
        ON CONFLICT (channel) DO UPDATE SET failures = 0, open_until = NULL, last_sent_at = excluded.last_sent_at
        WHERE h.failures > 0 OR h.last_sent_at IS NULL OR h.last_sent_at < excluded.last_sent_at - interval '5 seconds'
        """,
        {"channel": channel, "now": now},
    )


def reserve(channel: str, messages: int, per_second: int) -> float:
    """Reserve room for so many messages; the seconds to wait before sending them.

    The row hands out time to all dispatchers in turn, so together they keep the rate.
    """
    if not per_second:
        return 0.0
    ((wait,),) = fetch(
        """
        INSERT INTO campaigns_channelhealth AS h (channel, failures, last_error, free_at)
        VALUES (%(channel)s, 0, '', clock_timestamp() + make_interval(secs => %(takes)s))
        ON CONFLICT (channel) DO UPDATE SET
            free_at = greatest(h.free_at, clock_timestamp()) + make_interval(secs => %(takes)s)
        RETURNING extract(epoch FROM free_at - clock_timestamp()) - %(takes)s
        """,
        {"channel": channel, "takes": messages / per_second},
    )
    return max(0.0, float(wait))
