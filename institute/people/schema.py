"""How the OpenAPI file names our tokens; loaded by PeopleConfig.ready()."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its hook is untyped
    """An HTTP bearer scheme."""

    target_class = "institute.people.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """What the schema file says of it."""
        return {"type": "http", "scheme": "bearer"}
