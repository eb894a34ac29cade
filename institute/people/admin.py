"""Back office: read only, since only actions write; third-party models are taken out or shown read only."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group

from institute.core.admin import ReadOnlyAdmin
from institute.people.models import ApiToken, Handle, RoleGrant, User

for _model in (
    AccessAttempt,
    AccessFailureLog,
    AccessLog,
    Authenticator,
    EmailAddress,
    Group,
    SocialAccount,
    SocialApp,
    SocialToken,
):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin[User]):
    """People."""

    list_display = ("email", "name", "is_active", "joined_at")
    search_fields = ("email", "name", "public_id")
    exclude = ("password",)


@admin.register(Handle)
class HandleAdmin(ReadOnlyAdmin[Handle]):
    """Names of people, projects and the institute."""

    list_display = ("name", "kind", "owner_id")
    search_fields = ("name",)


@admin.register(RoleGrant)
class RoleGrantAdmin(ReadOnlyAdmin[RoleGrant]):
    """Who holds which role."""

    list_display = ("user", "role", "starts_at", "ends_at")
    list_select_related = ("user",)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin[ApiToken]):
    """Tokens, of which only the fingerprint is known."""

    list_display = ("name", "prefix", "user", "job_id", "scopes", "expires_at", "revoked_at")
    list_select_related = ("user",)
    exclude = ("sha256",)
