# The samples of the product's public reference, as it prints them but for the IDs, and what else
# the documentation promises of the client. TestClients runs this against a console.
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from protocol_api import ApiClient

token = os.environ["TOKEN"]

client = ApiClient(token)

client.groups.list()

client = ApiClient(token)

made = client.groups.create(name="Plaza Hotel")

client = ApiClient(token)

client.groups.get(made["id"])

client = ApiClient(token)

client.groups.update(made["id"], description="The finest in New York.")

assert client.groups.get(made["id"])["description"] == "The finest in New York."

client = ApiClient(token)

client.groups.delete(made["id"])

from protocol_api import ApiError, WebhookError  # noqa: E402

client = ApiClient(token, base_url=os.environ["PROTOCOL_API_URL"])


def refused(call, kind=ApiError):
    try:
        call()
    except kind as err:
        return err
    raise AssertionError("nothing was raised")


# Errors.
err = refused(lambda: client.groups.get(made["id"]))
assert (err.status, err.code, err.param, err.type) == (404, "resource_missing", "id", "invalid_request")
assert err.request_id
err = refused(lambda: client.groups.create(name=""))
assert err.code == "parameter_missing" and len(err.errors) == 1
refused(lambda: client.groups.delete(""), ValueError)

# Pages, members, messages and conditions.
hector = client.contacts.create(username="py.hector")
group = client.groups.create(name="Grand", contacts=[hector["id"]])
seen = [g["id"] for g in client.groups.list(limit=1, q="Grand")]
assert group["id"] in seen and len(set(seen)) == len(seen)
listed = client.groups.list(include=["total"], archived=False)
assert listed.total["value"] >= 1 and listed.data
read = client.groups.get(group["id"])
client.groups.update(group["id"], **read, if_match=read.etag)
client.groups.update(group["id"], name="Grander")
assert refused(lambda: client.groups.update(group["id"], name="Late", if_match=read.etag)).status == 412
assert client.groups.update(group["id"], name="Dry", dry_run=True)["name"] == "Dry"
assert client.groups.get(group["id"])["name"] == "Grander"
assert client.members.list(group["id"]).data[0]["username"] == "py.hector"
client.members.remove(group["id"], hector["id"])
assert client.members.add(group["id"], [hector["id"]])["contacts_count"] == 1
client.conversations.messages.create(group["conversation_id"], message="Welcome.")
assert len(client.messages.list(group["conversation_id"]).data) == 1
assert client.groups.archive(group["id"])["archived_at"]
assert client.groups.restore(group["id"])["archived_at"] is None
assert client.groups.batch([{"action": "delete", "id": group["id"]}])["results"][0]["status"] == 204
assert client.jobs.list().has_more is False

# The same key does the same once.
once, again = (client.groups.create(name="Once", idempotency_key="py-once") for _ in range(2))
assert once["id"] == again["id"]

# A call that was refused for now is repeated with its key.
keys = []


class Busy(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        keys.append(self.headers["Idempotency-Key"])
        self.send_response(429 if len(keys) < 2 else 201)
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(b'{"id": "x"}')

    def log_message(self, *_):
        pass


busy = HTTPServer(("127.0.0.1", 0), Busy)
threading.Thread(target=busy.serve_forever, daemon=True).start()
ApiClient(token, base_url=f"http://127.0.0.1:{busy.server_port}").groups.create(name="x")
assert len(keys) == 2 and keys[0] and keys[0] == keys[1]

# Webhooks.
hook = json.loads(os.environ["WEBHOOK"])
secret, body, headers = hook["secret"], hook["body"], hook["headers"]
assert ApiClient.verify_webhook(secret, body.encode(), headers)["type"] == "group.created"
refused(lambda: ApiClient.verify_webhook(secret, body + " ", headers), WebhookError)
refused(lambda: ApiClient.verify_webhook(secret, body, headers, now=time.time() + 600), WebhookError)
assert ApiClient.verify_signature(secret, body, hook["signature"])
assert not ApiClient.verify_signature(secret, body + " ", hook["signature"])
