"""Run a manage.py command if an installed app provides it: `python -m deploy.optional_command NAME [WORD…]`."""

import os
import sys

import django
from django.core.management import call_command, get_commands


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "institute.settings")
    django.setup()
    if sys.argv[1] in get_commands():
        call_command(*sys.argv[1:])


if __name__ == "__main__":
    main()
