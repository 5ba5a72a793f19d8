-- +goose Up

-- Where events are sent to: see models/webhooks. events are the names that are subscribed to,
-- separated by spaces. secret and old_secret are encrypted; both sign until old_until.
-- failures are the failed requests since the last one that was accepted. Until resume_at
-- nothing is sent. Only lease_owner sends; it counts lease_beat up while it does.
CREATE TABLE webhooks (
    id          text PRIMARY KEY CHECK (length(id) = 16),
    name        text NOT NULL CHECK (name <> '' AND length(name) <= 80),
    url         text NOT NULL CHECK (url <> '' AND length(url) <= 2048),
    events      text NOT NULL CHECK (events <> ''),
    state       text NOT NULL CHECK (state IN ('enabled', 'disabled', 'paused')),
    reason      text NOT NULL DEFAULT '' CHECK (reason = '' OR state <> 'enabled'),
    secret      text NOT NULL CHECK (secret <> ''),
    old_secret  text CHECK (old_secret <> ''),
    old_until   integer,
    failures    integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failing_at  integer,
    resume_at   integer NOT NULL DEFAULT 0,
    lease_owner text NOT NULL DEFAULT '',
    lease_beat  integer NOT NULL DEFAULT 0,
    created_at  integer NOT NULL,
    updated_at  integer NOT NULL,
    CHECK ((old_secret IS NULL) = (old_until IS NULL)),
    CHECK ((failures = 0) = (failing_at IS NULL))
);

-- An event for a webhook. Its payload is that of the event, except that of a test, which has
-- its own. Of the pending ones of an object only the first has a next_at: so the others wait
-- for it. Rows of a deleted webhook are deleted later, in pieces, so nothing refers to it.
CREATE TABLE webhook_deliveries (
    id         text PRIMARY KEY CHECK (length(id) = 16),
    webhook_id text NOT NULL,
    event_id   text NOT NULL,
    number     integer NOT NULL,
    type       text NOT NULL,
    object_id  text NOT NULL,
    request_id text NOT NULL,
    payload    text,
    state      text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts   integer NOT NULL DEFAULT 0,
    tries      integer NOT NULL DEFAULT 0,
    first_at   integer,
    last_at    integer,
    next_at    integer,
    status     integer NOT NULL DEFAULT 0,
    error      text NOT NULL DEFAULT '',
    millis     integer NOT NULL DEFAULT 0,
    created_at integer NOT NULL,
    UNIQUE (event_id, webhook_id),
    CHECK (next_at IS NULL OR state = 'pending')
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_at, number) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_deliveries_queue ON webhook_deliveries (webhook_id, object_id, number) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_list ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_state ON webhook_deliveries (webhook_id, state, id) WHERE state <> 'delivered';
CREATE INDEX webhook_deliveries_type ON webhook_deliveries (webhook_id, type, id);
CREATE INDEX webhook_deliveries_object ON webhook_deliveries (object_id, id);
CREATE INDEX webhook_deliveries_request ON webhook_deliveries (request_id, id) WHERE request_id <> '';

-- A request that sent a delivery, and what came back.
CREATE TABLE webhook_attempts (
    delivery_id      text NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    n                integer NOT NULL,
    at               integer NOT NULL,
    millis           integer NOT NULL,
    status           integer NOT NULL,
    error            text NOT NULL,
    request_headers  text NOT NULL,
    response_headers text NOT NULL,
    response_body    text NOT NULL,
    truncated        boolean NOT NULL,
    PRIMARY KEY (delivery_id, n)
) WITHOUT ROWID;
