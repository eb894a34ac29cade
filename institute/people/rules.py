"""Who may do what with people; predicates by role that every later app builds on."""

import rules

from institute.people.enums import Role
from institute.people.models import User


def holds(*roles: Role) -> rules.Predicate:
    """A predicate: the user holds one of the roles (administrators hold all)."""

    @rules.predicate(f"holds:{','.join(roles)}")
    def predicate(user: object) -> bool:
        return isinstance(user, User) and user.has_role(*roles)

    return predicate


@rules.predicate
def is_staff(user: object) -> bool:
    """The user sees the staff pages."""
    return isinstance(user, User) and user.is_staff


rules.add_perm("people.manage_roles", holds(Role.ADMIN))

# First segments of addresses that no route names: protocols fixed by clients, files at the root.
RESERVED = frozenset(
    [
        "accent.css",
        "accounts",
        "admin",
        "api",
        "c",
        "cas",
        "code",
        "datasets",
        "donors",
        "files",
        "graphql",
        "hf",
        "live",
        "livez",
        "lfs",
        "metrics",
        "models",
        "oidc",
        "papers",
        "pledges",
        "projects",
        "readyz",
        "requests",
        "revisions",
        "runs",
        "jobs",
        "allocations",
        "clusters",
        "providers",
        "search",
        "spaces",
        "staff",
        "static",
        "wandb",
        "_lfs",
        "fr",
        "en",
        ".well-known",
        "favicon.ico",
        "robots.txt",
        "sitemap.xml",
        "feeds",
        "oai",
        "transparency",
        "collections",
        "organizations",
        "settings",
        "new",
        "resolve",
        "blob",
        "raw",
        "tree",
        "main",
        "login",
        "logout",
        "about",
    ]
)


def is_reserved(name: str) -> bool:
    """True for a name that is, or will be, the first segment of an address of the platform."""
    return name.lower() in RESERVED
