"""The workers' edge of every refusal: the base class of all Celery tasks."""

import logging
from typing import Any

import celery
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import Refused
from apps.audit.services import record_refusal

_log = logging.getLogger(__name__)


class RecordedTask(celery.Task[Any, Any]):
    """A task whose refusals are written to the log and end it quietly; the work was answered with a no.

    ``@shared_task(base=RecordedTask, bind=True, name="rankings.run_due")``; inside, ``self.actor`` is the system
    acting under the task's name. When the refusal cannot be recorded, the task fails with that error.
    """

    abstract = True

    @property
    def actor(self) -> Actor:
        """The system, named after this task."""
        return Actor.system(str(self.name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task; a refusal is recorded and ends it."""
        try:
            # Not super().__call__: it would hide the request that the worker has already set.
            return self.run(*args, **kwargs)
        except Refused as refused:
            self.record_refused(refused)
            return None

    def record_refused(self, refused: Refused) -> None:
        """Write one refusal to the log; a sweep over many ids calls it for each and goes on with the next."""
        record_refusal(refused, actor=self.actor, attempted=str(self.name), at=timezone.now())
        _log.warning("%s was refused: %s", self.name, refused.code)
