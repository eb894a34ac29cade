"""Users and what hangs on them."""

from institute.people.models.api_token import ApiToken
from institute.people.models.handle import Handle
from institute.people.models.mail_preference import MailPreference
from institute.people.models.role_grant import RoleGrant
from institute.people.models.user import User

__all__ = ["ApiToken", "Handle", "MailPreference", "RoleGrant", "User"]
