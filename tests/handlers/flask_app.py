"""A small handler with Flask, for Standard Webhooks (verified by `standardwebhooks`) and Mailgun (verified as its page
says).

    WEBHOOK_SECRET=whsec_… MAILGUN_KEY=… PORT=3000 python3 flask_app.py

What matters: the raw body is verified, ids decide what is new, whatever cannot be used is answered and not crashed on.
"""

import hashlib
import hmac
import json
import os
import time

from flask import Flask, request
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from werkzeug.serving import make_server

AGE = 300

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 4 << 20
seen = set()


def keep(id):
    seen.add(id)


def raw_body():
    if request.headers.get("content-encoding"):
        return None
    return request.get_data(cache=False)


@app.post("/standard")
def standard():
    body = raw_body()
    if body is None:
        return "no", 415
    # WSGI joins what is given twice.
    if "," in request.headers.get("webhook-signature", "").removeprefix("v1,"):
        return "no", 400
    try:
        event = Webhook(os.environ["WEBHOOK_SECRET"]).verify(body, dict(request.headers))
    except (WebhookVerificationError, ValueError, RecursionError):
        return "no", 401
    if not isinstance(event, dict):
        return "no", 400
    keep(request.headers["webhook-id"])
    return "ok", 200


@app.post("/mailgun")
def mailgun():
    body = raw_body()
    if body is None:
        return "no", 415
    try:
        delivery = json.loads(body)
        signature = delivery["signature"]
        timestamp, token = signature["timestamp"], signature["token"]
        given = signature["signature"]
        signed = f"{timestamp}{token}".encode()
        known = hmac.new(os.environ["MAILGUN_KEY"].encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(known, given) or abs(time.time() - int(timestamp)) > AGE:
            return "no", 401
        event = delivery["event-data"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "no", 400
    # The event's id says what is new; a retry may have another token.
    if isinstance(event, dict):
        keep(event.get("id"))
    return "ok", 200


@app.get("/count")
def count():
    return str(len(seen))


if __name__ == "__main__":
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "0")), app, threaded=True)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
