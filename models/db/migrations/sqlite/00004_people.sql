-- +goose Up
-- People with roles, second factors, passkeys and sign-in by another service; tokens
-- with single rights; activity that is chained. Times are Unix seconds.

ALTER TABLE users ADD COLUMN time_zone text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN density text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN disabled_at integer;

-- Sessions get an id by which they are listed and ended, an end that no use puts off,
-- and the time at which their owner last proved who they are. Those that are open end:
-- people sign in again.
DROP TABLE sessions;
CREATE TABLE sessions (
    hash         text PRIMARY KEY,
    id           text NOT NULL UNIQUE CHECK (length(id) = 16),
    user_id      text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    data         text NOT NULL,
    remember     boolean NOT NULL,
    ip           text NOT NULL,
    user_agent   text NOT NULL,
    created_at   integer NOT NULL,
    seen_at      integer NOT NULL,
    confirmed_at integer NOT NULL,
    expires_at   integer NOT NULL,
    ends_at      integer NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- The browsers and networks that people sign in from, to tell them of the last time and
-- of what is new.
CREATE TABLE devices (
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    browser text NOT NULL,
    network text NOT NULL,
    ip      text NOT NULL,
    last_at integer NOT NULL,
    PRIMARY KEY (user_id, browser, network)
);

-- An invitation is a link that makes its holder a user, once.
CREATE TABLE invitations (
    id          text PRIMARY KEY CHECK (length(id) = 16),
    email       text NOT NULL,
    email_key   text NOT NULL,
    name        text NOT NULL,
    role        text NOT NULL,
    hash        text NOT NULL UNIQUE,
    invited_by  text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at  integer NOT NULL,
    expires_at  integer NOT NULL
);
CREATE UNIQUE INDEX invitations_email ON invitations (email_key);

-- A second factor by an app. secret is encrypted with a key that is not in the
-- database; step is the last time step of which a code was used.
CREATE TABLE totps (
    user_id      text PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret       text NOT NULL,
    step         integer NOT NULL,
    created_at   integer NOT NULL,
    confirmed_at integer
);

CREATE TABLE recovery_codes (
    hash       text PRIMARY KEY,
    user_id    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    used_at    integer
);
CREATE INDEX recovery_codes_user ON recovery_codes (user_id);

-- data is what the passkey library keeps of a credential, as JSON; there is nothing
-- secret in it.
CREATE TABLE passkeys (
    id            text PRIMARY KEY CHECK (length(id) = 16),
    user_id       text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id text NOT NULL UNIQUE,
    name          text NOT NULL CHECK (name <> ''),
    data          text NOT NULL,
    created_at    integer NOT NULL,
    last_used_at  integer
);
CREATE INDEX passkeys_user ON passkeys (user_id, id);

-- A challenge is a sign-in or the like that is half done: what was asked of somebody,
-- until they answer. The browser has its secret.
CREATE TABLE challenges (
    hash       text PRIMARY KEY,
    kind       text NOT NULL,
    user_id    text REFERENCES users (id) ON DELETE CASCADE,
    data       text NOT NULL,
    expires_at integer NOT NULL
);
CREATE INDEX challenges_expires ON challenges (expires_at);
CREATE INDEX challenges_user ON challenges (user_id);

-- Who somebody is at a service that vouches for them.
CREATE TABLE identities (
    issuer       text NOT NULL,
    subject      text NOT NULL,
    user_id      text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   integer NOT NULL,
    last_used_at integer,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);

-- A token has a list of rights in place of one of two scopes, addresses that it may
-- be used from (and from where it was refused last), and for a while after it was rolled
-- the secret that it had before.
CREATE TABLE new_tokens (
    id               text PRIMARY KEY CHECK (length(id) = 16),
    user_id          text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name             text NOT NULL CHECK (name <> ''),
    scopes           text NOT NULL CHECK (scopes <> ''),
    networks         text NOT NULL DEFAULT '',
    hash             text NOT NULL UNIQUE,
    hint             text NOT NULL,
    old_hash         text UNIQUE,
    old_hint         text,
    old_until        integer,
    old_last_used_at integer,
    created_at       integer NOT NULL,
    rolled_at        integer,
    expires_at       integer,
    revoked_at       integer,
    last_used_at     integer,
    last_used_ip     text,
    refused_at       integer,
    refused_ip       text
);
INSERT INTO new_tokens (id, user_id, name, scopes, hash, hint, created_at, expires_at, revoked_at, last_used_at, last_used_ip)
    SELECT id, user_id, name, CASE scope
        WHEN 'read' THEN 'groups.read contacts.read messages.read'
        ELSE 'groups.read groups.edit groups.archive groups.delete members.edit contacts.read contacts.edit contacts.delete messages.read messages.post' END,
        hash, hint, created_at, expires_at, revoked_at, last_used_at, last_used_ip FROM tokens;
DROP TABLE tokens;
ALTER TABLE new_tokens RENAME TO tokens;
CREATE INDEX tokens_user ON tokens (user_id, id);

-- What tokens were used for lately: the last calls of each, and how many there were in
-- each hour, by its first second. It is written in batches, some seconds late.
CREATE TABLE token_requests (
    id         text PRIMARY KEY CHECK (length(id) = 16),
    token_id   text NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    method     text NOT NULL,
    path       text NOT NULL,
    status     integer NOT NULL,
    ms         integer NOT NULL,
    ip         text NOT NULL,
    request_id text NOT NULL,
    created_at integer NOT NULL
);
CREATE INDEX token_requests_token ON token_requests (token_id, id);
CREATE TABLE token_hours (
    token_id text NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    hour     integer NOT NULL,
    requests integer NOT NULL,
    errors   integer NOT NULL,
    PRIMARY KEY (token_id, hour)
);
CREATE INDEX token_hours_hour ON token_hours (hour);

-- Activity. user_id is the person behind an act, also where a token did it; mac proves
-- that the console wrote the line (see models/seal.go).
ALTER TABLE audit_lines ADD COLUMN user_id text NOT NULL DEFAULT '';
ALTER TABLE audit_lines ADD COLUMN mac text NOT NULL DEFAULT '';
CREATE INDEX audit_lines_user ON audit_lines (user_id, id);
CREATE INDEX audit_lines_actor ON audit_lines (actor_id, id);
-- What an action is about, as "group" of "group.create": the list is narrowed by it.
ALTER TABLE audit_lines ADD COLUMN area text GENERATED ALWAYS AS (substr(action, 1, instr(action, '.') - 1)) VIRTUAL;
CREATE INDEX audit_lines_area ON audit_lines (area, id);
CREATE INDEX audit_lines_request ON audit_lines (request_id, id);

-- The lines that have no place in the chain yet, and the chain.
CREATE TABLE audit_tail (
    line_id text PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO audit_tail (line_id) SELECT id FROM audit_lines;
CREATE TABLE audit_seals (
    number  integer PRIMARY KEY,
    line_id text NOT NULL UNIQUE,
    seal    text NOT NULL
);
-- +goose StatementBegin
CREATE TRIGGER audit_lines_tail AFTER INSERT ON audit_lines BEGIN
    INSERT INTO audit_tail (line_id) VALUES (new.id);
END;
-- +goose StatementEnd
-- Nobody changes a line by mistake; who does it on purpose is found out. Lines from
-- before there was a chain get their mac once.
-- +goose StatementBegin
CREATE TRIGGER audit_lines_keep BEFORE UPDATE OF id, created_at, actor_kind, actor_id, actor_name, user_id, action, object_kind, object_id, object_name, changes, ip, user_agent, request_id ON audit_lines BEGIN
    SELECT RAISE(ABORT, 'lines of the audit log are never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_lines_keep_mac BEFORE UPDATE OF mac ON audit_lines WHEN old.mac <> '' BEGIN
    SELECT RAISE(ABORT, 'lines of the audit log are never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_lines_keep_row BEFORE DELETE ON audit_lines BEGIN
    SELECT RAISE(ABORT, 'lines of the audit log are never deleted');
END;
-- +goose StatementEnd
