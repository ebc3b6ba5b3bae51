"""`python -m config.sink`: open both doors until told to stop."""

import os
import signal
from types import FrameType


def main() -> None:
    """Serve mail and SMS on the ports of the settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings

    from config.sink.server import mail_door, sms_door
    from config.sink.store import default_store

    store = default_store()
    mail = mail_door(store, settings.SINK_SMTP_PORT)
    sms = sms_door(store, settings.SINK_HTTP_PORT)

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    mail.start()
    try:
        sms.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        mail.stop()
        sms.server_close()


if __name__ == "__main__":
    main()
