"""People for tests."""

from typing import Any

import factory

from institute.core.actors import Actor, ActorKind
from institute.people.enums import Role
from institute.people.models import RoleGrant, User

PASSWORD = "correct horse battery"
TESTER = Actor(ActorKind.SYSTEM, "tests")


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A person without a role; `user_with(Role.OPERATIONS)` makes one with roles."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Sequence(lambda n: f"Person {n}")

    @factory.post_generation
    def password(self: User, create: bool, extracted: str | None, **_: Any) -> None:
        """Unusable unless given: hashing costs time."""
        if extracted:
            self.set_password(extracted)
            self.save(update_fields=["password"])

    @factory.post_generation
    def roles_given(self: User, create: bool, extracted: list[Role] | None, **_: Any) -> None:
        """Grants that are in force now."""
        for role in extracted or []:
            RoleGrant.objects.create(user=self, role=role)


def user_with(*roles: Role, **fields: Any) -> User:
    """A person who holds the roles."""
    return UserFactory.create(roles_given=list(roles), **fields)
