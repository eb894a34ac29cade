from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from institute.core.actors import Actor, ActorKind
from institute.core.ids import ULID_LENGTH, new_ulid
from institute.people.enums import STAFF_ROLES, Role


class UserManager(BaseUserManager["User"]):
    """Finds users by e-mail whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Needed by Django's own machinery; people are made by `actions.create_user`."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person who can sign in, by e-mail."""

    public_id = models.CharField(max_length=ULID_LENGTH, unique=True, default=new_ulid, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(_("language"), max_length=8, default="en")
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    # Django's backend asks two questions per page for permissions that nobody holds: roles and rules decide here.
    _perm_cache: ClassVar[frozenset[str]] = frozenset()

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once_any_case")]
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def actor(self) -> Actor:
        """This person as one who acts."""
        return Actor(ActorKind.PERSON, self.public_id)

    @property
    def roles(self) -> frozenset[Role]:
        """The roles in force now, read once per instance."""
        if not hasattr(self, "_roles"):
            now = timezone.now()
            grants = self.role_grants.filter(starts_at__lte=now).exclude(ends_at__lte=now)
            self._roles = frozenset(Role(role) for role in grants.values_list("role", flat=True))
        return self._roles

    def has_role(self, *wanted: Role) -> bool:
        """True if the person holds one of the roles, or is an administrator."""
        return self.is_active and bool(self.roles & {Role.ADMIN, *wanted})

    @property
    def is_staff(self) -> bool:
        """True for those who see the staff pages and the back office."""
        return self.is_active and bool(self.roles & STAFF_ROLES)

    def get_full_name(self) -> str:
        """The name, else the e-mail address."""
        return str(self)
