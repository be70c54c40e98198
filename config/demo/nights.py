"""The demo's nights: what the nightly chain would have done and told while the members lived their past."""

from datetime import datetime, timedelta

from core import chain
from core.business_time import business_day, start_of_day

# As far back as the earliest notice of expiry.
NIGHTS = 30
AFTER_MIDNIGHT = timedelta(minutes=10)


def run_nights(*, until: datetime) -> None:
    """Run the nightly chain of each business day of the last month, today's included."""
    today = business_day(until)
    for back in range(NIGHTS, -1, -1):
        on = today - timedelta(days=back)
        chain.run(steps=chain.nightly_steps(), on=on, at=start_of_day(on) + AFTER_MIDNIGHT)
