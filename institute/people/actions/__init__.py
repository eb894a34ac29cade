"""Everything that writes people."""

from institute.people.actions.handles import claim_handle
from institute.people.actions.roles import end_role, grant_role
from institute.people.actions.tokens import create_token, issue_job_token, revoke_job_tokens, revoke_token
from institute.people.actions.users import change_profile, create_user, deactivate_user

__all__ = [
    "change_profile",
    "claim_handle",
    "create_token",
    "create_user",
    "deactivate_user",
    "end_role",
    "grant_role",
    "issue_job_token",
    "revoke_job_tokens",
    "revoke_token",
]
