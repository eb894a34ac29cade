from django.conf import settings
from django.db import models


class MailPreference(models.Model):
    """A kind of mail that a person does or does not want."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mail_preferences")
    kind = models.CharField(max_length=64)
    is_wanted = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="mail_preference_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"
