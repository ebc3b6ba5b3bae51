"""`python -m config.embedded start|stop|status|keep`."""

import os
import sys
from pathlib import Path

from config.embedded import Servers, chosen
from config.embedded.keeper import run


def main(arguments: list[str]) -> int:
    """Start, stop or ask after the servers of this installation."""
    from django.conf import settings

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    servers = Servers(Path(settings.DATA_DIR))
    match arguments:
        case ["start"]:
            servers.start()
        case ["stop"]:
            servers.stop()
        case ["keep"]:
            run(servers, **chosen())
            return 0
        case ["status"]:
            pass
        case _:
            sys.stderr.write("python -m config.embedded start|stop|status|keep\n")
            return 2
    for name, server in (("PostgreSQL", servers.postgres), ("Redis", servers.redis)):
        sys.stdout.write(f"{name}: {'runs' if server.answers() else 'does not run'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
