"""A client of Protocol's JSON API, for Python 3.9 and later.

It is one file without dependencies: save it beside your program.
"""

import base64
import hashlib
import hmac
import json
import os
import random
import re
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import datetime

__all__ = ["ApiClient", "ApiError", "Page", "WebhookError"]


class ApiError(Exception):
    """A call that was refused or failed. Its status is 0 if there was no answer."""

    def __init__(self, status, body, request_id=None):
        super().__init__(body.get("message") or f"The server answered with status {status}.")
        self.status = status
        self.type = body.get("type", "api_error")
        self.code = body.get("code")
        self.param = body.get("param")
        self.request_id = body.get("request_id") or request_id
        self.documentation_url = body.get("documentation_url")
        self.errors = body.get("errors", [])


class WebhookError(Exception):
    """A webhook that didn't come from the console, was changed on its way, or is too old."""


class Object(dict):
    """What was answered, as a dict, with its ETag and the ID of the request."""

    etag = None
    request_id = None


class Page:
    """A page of a list. Iterating over it goes on with the pages after it."""

    def __init__(self, load, query, answer):
        self._load, self._query = load, query
        self.data = answer["data"]
        self.has_more = answer["has_more"]
        self.total = answer.get("total")

    def next_page(self):
        """Returns the page after this one, or None."""
        if not self.has_more or not self.data:
            return None
        back = "ending_before" in self._query
        end = self.data[0 if back else -1]
        query = dict(self._query)
        query["ending_before" if back else "starting_after"] = end["id"]
        return Page(self._load, query, self._load(query))

    def __iter__(self):
        page = self
        while page:
            yield from reversed(page.data) if "ending_before" in page._query else page.data
            page = page.next_page()


class ApiClient:
    """Makes calls with a token."""

    def __init__(self, token, *, base_url=None, max_retries=3, timeout=30):
        if not token:
            raise ValueError("ApiClient needs a token.")
        self._token = token
        self._base_url = (base_url or os.environ.get("PROTOCOL_API_URL") or "https://api.protocol.chat").rstrip("/")
        self._max_retries = max_retries
        self._timeout = timeout
        # A redirect would carry the token elsewhere.
        self._opener = urllib.request.build_opener(_NoRedirect)
        self.groups = _Groups(self, "/v1/groups")
        self.contacts = _Exported(self, "/v1/contacts")
        self.members = _Members(self)
        self.messages = _Messages(self)
        self.conversations = _Conversations(self)
        self.jobs = _Jobs(self)
        self.activity = _Activity(self)
        self.events = _Events(self)
        self.webhooks = _Webhooks(self, "/v1/webhooks")
        self.imports = _Imports(self)
        self.me = _Me(self)

    def request(
        self, method, path, query=None, body=None, *,
        file=None, content_type="text/csv", raw=False, idempotency_key=None, if_match=None, dry_run=False,
    ):  # fmt: skip
        """Makes a call, again if it failed for reasons that pass, and returns what was answered.

        file, open in binary mode, is sent as it is in place of a body. With raw, what was answered is
        returned as a file to read, which must be closed.
        """
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "*/*" if raw else "application/json"}
        data = None
        if file is not None:
            headers["Content-Type"] = content_type
            start, end = file.tell(), file.seek(0, os.SEEK_END)
            headers["Content-Length"] = str(end - start)
            data = file
        elif body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body, default=_plain).encode()
        if if_match:
            headers["If-Match"] = if_match
        if dry_run:
            headers["Dry-Run"] = "true"
        if method == "POST":
            # Every attempt has the same key, so that what was lost on the way back isn't done twice.
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        request = urllib.request.Request(self._base_url + path + _query_string(query), data, headers, method=method)
        for attempt in range(self._max_retries + 1):
            last = attempt == self._max_retries
            if file is not None:
                file.seek(start)
            try:
                answer = self._opener.open(request, timeout=self._timeout)
                if raw:
                    return answer
                with answer:
                    return _object(answer)
            except urllib.error.HTTPError as err:
                with err:
                    delay = _retry_delay(err, attempt)
                    if last or delay is None:
                        raise _api_error(err) from None
            except OSError as err:
                if last:
                    raise ApiError(0, {"message": f"The server can't be reached: {err}"}) from err
                delay = _backoff(attempt)
            time.sleep(delay)

    def list(self, path, query=None):
        """Returns the first page of a list."""
        load = lambda query: self.request("GET", path, query)  # noqa: E731
        query = query or {}
        return Page(load, query, load(query))

    @staticmethod
    def verify_webhook(secret, body, headers, *, tolerance=300, now=None):
        """Verifies a delivery by webhook-id, webhook-timestamp and webhook-signature, and returns its event.

        The body must be as it was received, in bytes. Raises WebhookError.
        """
        headers = {name.lower(): value for name, value in headers.items()}
        message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        signatures = headers.get("webhook-signature", "")
        if not message_id or not timestamp or not signatures:
            raise WebhookError("The headers of a webhook are missing.")
        if not re.fullmatch(r"[0-9]{1,12}", timestamp):
            raise WebhookError("webhook-timestamp is not a time.")
        if abs((time.time() if now is None else now) - int(timestamp)) > tolerance:
            raise WebhookError("The webhook is too old, or a clock is wrong.")
        body = body.encode() if isinstance(body, str) else body
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            raise WebhookError("The secret is not base64.") from None
        signed = f"{message_id}.{timestamp}.".encode() + body
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
        for part in signatures.split(" "):
            version, _, signature = part.partition(",")
            if version == "v1" and hmac.compare_digest(expected, signature.encode()):
                return json.loads(body)
        raise WebhookError("The signature is wrong.")

    @staticmethod
    def verify_signature(secret, body, signature):
        """Reports whether x-protocol-signature is that of the body. It says nothing of the delivery's age."""
        body = body.encode() if isinstance(body, str) else body
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.lower().encode())


_OPTIONS = ("idempotency_key", "if_match", "dry_run")


def _split(attributes):
    """Returns the options of a call among its attributes, and the others."""
    options = {key: attributes.pop(key) for key in _OPTIONS if key in attributes}
    return options, attributes


class _Objects:
    def __init__(self, client, path):
        self._client, self._path = client, path

    def list(self, **query):
        return self._client.list(self._path, query)

    def create(self, **attributes):
        options, body = _split(attributes)
        return self._client.request("POST", self._path, body=body, **options)

    def get(self, id, /, **query):
        return self._client.request("GET", self._path + _segment(id), query)

    def update(self, id, /, **attributes):
        options, body = _split(attributes)
        return self._client.request("PUT", self._path + _segment(id), body=body, **options)

    def delete(self, id, **options):
        return self._client.request("DELETE", self._path + _segment(id), **options)

    def bulk(self, **attributes):
        options, body = _split(attributes)
        return self._client.request("POST", self._path + "/bulk", body=body, **options)


class _Exported(_Objects):
    def export(self, **query):
        """Returns the file as it arrives, to be read and closed."""
        return self._client.request("GET", self._path + "/export", query, raw=True)


class _Groups(_Exported):
    def archive(self, id, **options):
        return self._client.request("POST", f"{self._path}{_segment(id)}/archive", **options)

    def restore(self, id, **options):
        return self._client.request("POST", f"{self._path}{_segment(id)}/restore", **options)

    def batch(self, operations, *, atomic=False, **options):
        body = {"atomic": atomic, "operations": operations}
        return self._client.request("POST", self._path + "/batch", body=body, **options)


class _Members:
    def __init__(self, client):
        self._client = client

    def list(self, group_id, /, **query):
        return self._client.list(f"/v1/groups{_segment(group_id)}/contacts", query)

    def add(self, group_id, contacts, **options):
        path = f"/v1/groups{_segment(group_id)}/contacts"
        return self._client.request("POST", path, body={"contacts": contacts}, **options)

    def export(self, group_id, /, **query):
        return self._client.request("GET", f"/v1/groups{_segment(group_id)}/contacts/export", query, raw=True)

    def remove(self, group_id, contact_id, **options):
        path = f"/v1/groups{_segment(group_id)}/contacts{_segment(contact_id)}"
        return self._client.request("DELETE", path, **options)


class _Messages:
    def __init__(self, client):
        self._client = client

    def list(self, conversation_id, /, **query):
        return self._client.list(f"/v1/conversations{_segment(conversation_id)}/messages", query)

    def create(self, conversation_id, /, **attributes):
        options, body = _split(attributes)
        path = f"/v1/conversations{_segment(conversation_id)}/messages"
        return self._client.request("POST", path, body=body, **options)

    def delete(self, id, /, **query):
        options, query = _split(query)
        return self._client.request("DELETE", "/v1/messages" + _segment(id), query, **options)


class _Conversations:
    def __init__(self, client):
        self.messages = _Messages(client)


class _Jobs:
    def __init__(self, client):
        self._client = client

    def list(self, **query):
        return self._client.list("/v1/jobs", query)

    def get(self, id):
        return self._client.request("GET", "/v1/jobs" + _segment(id))

    def cancel(self, id, **options):
        return self._client.request("POST", f"/v1/jobs{_segment(id)}/cancel", **options)

    def undo(self, id, **options):
        return self._client.request("POST", f"/v1/jobs{_segment(id)}/undo", **options)

    def start(self, id, **options):
        return self._client.request("POST", f"/v1/jobs{_segment(id)}/start", **options)

    def results(self, id, /, **query):
        return self._client.list(f"/v1/jobs{_segment(id)}/results", query)


class _Activity:
    def __init__(self, client):
        self._client = client

    def list(self, **query):
        return self._client.list("/v1/activity", query)

    def get(self, id):
        return self._client.request("GET", "/v1/activity" + _segment(id))

    def verify(self, **query):
        return self._client.request("GET", "/v1/activity/verify", query)


class _Events:
    def __init__(self, client):
        self._client = client

    def list(self, **query):
        return self._client.list("/v1/events", query)


class _Webhooks(_Objects):
    def __init__(self, client, path):
        super().__init__(client, path)
        self.deliveries = _Deliveries(client, path)

    def roll(self, id, **options):
        return self._client.request("POST", f"{self._path}{_segment(id)}/roll", **options)

    def test(self, id, /, **attributes):
        options, body = _split(attributes)
        return self._client.request("POST", f"{self._path}{_segment(id)}/test", body=body, **options)

    def resend(self, id, /, **attributes):
        options, body = _split(attributes)
        return self._client.request("POST", f"{self._path}{_segment(id)}/resend", body=body, **options)


class _Deliveries:
    def __init__(self, client, path):
        self._client, self._path = client, path

    def list(self, webhook_id, /, **query):
        return self._client.list(f"{self._path}{_segment(webhook_id)}/deliveries", query)

    def get(self, webhook_id, id):
        return self._client.request("GET", f"{self._path}{_segment(webhook_id)}/deliveries{_segment(id)}")

    def resend(self, webhook_id, id, **options):
        path = f"{self._path}{_segment(webhook_id)}/deliveries{_segment(id)}/resend"
        return self._client.request("POST", path, **options)


class _Imports:
    def __init__(self, client):
        self._client = client

    def create(self, file, *, content_type="text/csv", idempotency_key=None, dry_run=False, **query):
        """Uploads a file, open in binary mode, and returns the job that checks it; jobs.start(id) imports it."""
        options = {"content_type": content_type, "idempotency_key": idempotency_key, "dry_run": dry_run}
        return self._client.request("POST", "/v1/imports", query, file=file, **options)


class _Me:
    def __init__(self, client):
        self._client = client

    def get(self):
        return self._client.request("GET", "/v1/me")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def _object(answer):
    text = answer.read()
    if not text:
        return None
    try:
        found = Object(json.loads(text))
    except ValueError:
        # Something between here and the console answered with a page of its own.
        raise ApiError(answer.status, {"message": "The server did not answer with JSON."}) from None
    found.etag = answer.headers.get("ETag")
    found.request_id = answer.headers.get("Request-Id")
    return found


def _api_error(err):
    try:
        body = json.loads(err.read())
    except ValueError:
        body = {}
    return ApiError(err.code, body if isinstance(body, dict) else {}, err.headers.get("Request-Id"))


def _retry_delay(err, attempt):
    """Returns how many seconds to wait before the next attempt, or None if it would be useless."""
    if err.code not in (429, 502, 503, 504):
        return None
    try:
        after = int(err.headers.get("Retry-After", ""))
    except ValueError:
        return _backoff(attempt)
    return after + random.random() / 4 if 0 <= after <= 60 else None


def _backoff(attempt):
    return 0.5 * 2**attempt * (0.5 + random.random() / 2)


def _segment(id):
    if not id:
        raise ValueError("An ID is missing.")  # "" would be the address of the list
    return "/" + urllib.parse.quote(id, safe="")


def _query_string(query):
    pairs = []
    for key, value in (query or {}).items():
        if value is None:
            continue
        if isinstance(value, (list, tuple)):
            pairs += [(key + "[]", _plain(v)) for v in value]
        else:
            pairs.append((key, _plain(value)))
    return "?" + urllib.parse.urlencode(pairs) if pairs else ""


def _plain(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone().isoformat()
    return str(value)
