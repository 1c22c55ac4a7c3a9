"""A handler of inbound mail with django-anymail. For each request it prints, as a line of JSON, the status and the messages
that anymail made of it.

    POSTAL_WEBHOOK_KEY=… PORT=3000 python3 anymail_app.py

Each variable whose name begins with that of a provider is a setting of anymail. The header `X-Api-Url` of a request is
the address of the API that holds the rest of its message.
"""

import hashlib
import json
import os
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

PROVIDERS = ("BREVO", "MAILERSEND", "MAILGUN", "MAILTRAP", "MANDRILL", "POSTAL", "RESEND")
APIS = {"BREVO_API_URL": "/v3/", "MAILTRAP_API_URL": "/api/", "RESEND_API_URL": "/"}

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="test",
    ROOT_URLCONF="anymail.urls",
    INSTALLED_APPS=["anymail"],
    LOGGING_CONFIG=None,
    USE_TZ=True,
    DATA_UPLOAD_MAX_MEMORY_SIZE=64 << 20,
    ANYMAIL={name: value for name, value in os.environ.items() if name.split("_")[0] in PROVIDERS},
)
django.setup()

from anymail.signals import inbound  # noqa: E402
from django.core.signals import got_request_exception  # noqa: E402

read = []
errors = []


def addresses(found):
    found = found if isinstance(found, list) else [found] if found else []
    return [{"name": it.display_name, "address": it.addr_spec} for it in found]


def shown_file(part):
    content = part.get_content_bytes()
    return {
        "name": part.get_filename(),
        "content_type": part.get_content_type(),
        "disposition": part.get_content_disposition(),
        "content_id": (part["Content-ID"] or "").strip("<>") or None,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "sha256_lf": hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest(),
    }


def tried(get):
    try:
        return get()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def shown(message):
    return {
        "from": tried(lambda: addresses(message.from_email)),
        "to": tried(lambda: addresses(message.to)),
        "cc": tried(lambda: addresses(message.cc)),
        "subject": tried(lambda: message.subject and str(message.subject)),
        "text": tried(lambda: message.text),
        "html": tried(lambda: message.html),
        "files": [tried(lambda: shown_file(part)) for part in message.walk() if part.is_attachment() or part.is_inline()],
        "envelope_from": message.envelope_sender,
        "envelope_to": message.envelope_recipient,
    }


def keep(event, **_):
    read.append(shown(event.message))


def fail(**_):
    errors.append(repr(sys.exc_info()[1]))


inbound.connect(keep)
got_request_exception.connect(fail)
handler = WSGIHandler()


def app(environ, start_response):
    base = environ.get("HTTP_X_API_URL")
    if base:
        settings.ANYMAIL.update({name: base + path for name, path in APIS.items()})
    read.clear()
    errors.clear()
    statuses = []

    def start(status, headers, exc_info=None):
        statuses.append(status)
        return start_response(status, headers, exc_info)

    body = list(handler(environ, start))
    print(json.dumps({"status": int(statuses[0].split()[0]), "messages": read, "errors": errors}), flush=True)
    return body


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "0")), app, handler_class=Quiet)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
