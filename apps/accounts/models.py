"""People who sign in, the roles they hold, and their inbox."""

import secrets
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.domain.roles import Role
from apps.audit.domain.actor import Actor, ActorKind


def new_pseudonym() -> str:
    """Return a random name (40 bits) under which a person stands in the log."""
    return f"p-{secrets.token_hex(5)}"


class UserManager(BaseUserManager["User"]):
    """Creates people by their e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create somebody who may sign in once the address is verified."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by e-mail address, whatever its case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an e-mail address; everywhere else the pseudonym stands for them."""

    email = models.EmailField(_("e-mail address"), unique=True)
    pseudonym = models.CharField(max_length=32, unique=True, default=new_pseudonym, editable=False)
    display_name = models.CharField(_("name shown to yourself"), max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.pseudonym

    @property
    def ref(self) -> str:
        """The reference under which the log names this account."""
        return f"accounts.user:{self.pk}"

    def roles_held(self) -> frozenset[str]:
        """Return the roles that this person holds now (one query)."""
        return frozenset(self.role_grants.filter(ended_at=None).values_list("role", flat=True))

    def as_actor(self, *, request_id: str = "", reauthenticated_at: datetime | None = None) -> Actor:
        """Return this person as the actor of a service."""
        return Actor(
            kind=ActorKind.PERSON,
            account_id=self.pk,
            pseudonym=self.pseudonym,
            roles=self.roles_held(),
            reauthenticated_at=reauthenticated_at,
            request_id=request_id or secrets.token_hex(16),
        )


class RoleGrant(models.Model):
    """A role given to a person, and when it ended."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_grants")
    role = models.CharField(max_length=32, choices=[(role.value, role.value) for role in Role])
    granted_by = models.CharField(max_length=64)
    granted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "role"], condition=models.Q(ended_at=None), name="accounts_one_grant_of_a_role"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="accounts_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this grant."""
        return f"accounts.rolegrant:{self.pk}"


class InboxMessage(models.Model):
    """A notice to one person; mail repeats it, the inbox keeps it."""

    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="inbox")
    subject = models.CharField(max_length=200)
    body = models.TextField()
    address = models.CharField(max_length=200, blank=True, help_text="The page on this site that the notice is about.")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["recipient", "-created_at"], name="accounts_inbox_newest")]

    def __str__(self) -> str:
        return self.subject
