from django.db import models
from django.utils import timezone


class SigningKey(models.Model):
    """A public key of the institute; the private half is a file that only the process may read."""

    key_id = models.CharField(max_length=64, unique=True)
    public_pem = models.TextField()
    valid_from = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.key_id
