"""What beat wakes, and how often. Written once after a migration, so that an administrator's change stays."""

from typing import Any, Final

from django.apps import apps
from django.conf import settings

# Seconds between two looks for work that is due; the work itself is rows.
EVERY: Final[dict[str, tuple[str, int]]] = {
    "Screen prompts that wait": ("prompts.screen_due", 3),
    "Close battles that nobody finished": ("battles.expire_due", 60),
    "Finish ranking runs that wait": ("rankings.run_due", 10),
    "Test voters once a night": ("integrity.nightly", 600),
    "Open cases for what waits": ("moderation.sweep", 10),
    "Retire clusters past the wall": ("licensing.retire_due", 900),
    "Compare clusters by new rules": ("licensing.recluster_due", 300),
    "Write exports of the log, and remove old ones": ("web.tend_exports", 5),
    "Finish or close releases that wait": ("licensing.sweep", 15),
    "Write the entries of what was read": ("policy.close_readings", 60),
    "Judge past releases under proposed rules": ("licensing.back_test_due", 15),
    "Take rows back and tell licensees": ("licensing.tend_withdrawals", 10),
    "Compare yesterday's reads with the deliveries": ("licensing.match_reads", 1800),
}
QUEUES: Final[dict[str, str]] = {"prompts.screen_due": "language"}
NIGHTLY: Final = ("Recompute the rankings every night", "rankings.nightly")


def _rows(model: str, using: str) -> Any:
    return apps.get_model("django_celery_beat", model)._default_manager.using(using)


def write_schedule(*, using: str) -> None:
    """Put down every periodic task that is not there yet, on the given connection."""
    tasks: Any = _rows("PeriodicTask", using)
    for name, (task, seconds) in EVERY.items():
        if tasks.filter(name=name).exists():
            continue
        interval, _made = _rows("IntervalSchedule", using).get_or_create(every=seconds, period="seconds")
        tasks.create(
            name=name,
            task=task,
            interval=interval,
            queue=QUEUES.get(task),
            # A look that could not be taken in time is taken over by the next one.
            expire_seconds=max(seconds, 30),
        )
    name, task = NIGHTLY
    if not tasks.filter(name=name).exists():
        hour, _made = _rows("CrontabSchedule", using).get_or_create(
            minute="0", hour=str(settings.RANKINGS_HOUR_UTC), day_of_week="*", day_of_month="*", month_of_year="*"
        )
        tasks.create(name=name, task=task, crontab=hour)
