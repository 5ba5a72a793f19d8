-- +goose Up
-- People with roles, second factors, passkeys and sign-in by another service; tokens
-- with single rights; activity that is chained. Times are Unix seconds.

ALTER TABLE users
    ADD COLUMN time_zone text NOT NULL DEFAULT '',
    ADD COLUMN density text NOT NULL DEFAULT '',
    ADD COLUMN disabled_at bigint;

-- Sessions get an id by which they are listed and ended, an end that no use puts off,
-- and the time at which their owner last proved who they are. Those that are open end:
-- people sign in again.
DROP TABLE sessions;
CREATE TABLE sessions (
    hash         text PRIMARY KEY,
    id           text COLLATE "C" NOT NULL UNIQUE CHECK (length(id) = 16),
    user_id      text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    data         text NOT NULL,
    remember     boolean NOT NULL,
    ip           text NOT NULL,
    user_agent   text NOT NULL,
    created_at   bigint NOT NULL,
    seen_at      bigint NOT NULL,
    confirmed_at bigint NOT NULL,
    expires_at   bigint NOT NULL,
    ends_at      bigint NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- The browsers and networks that people sign in from, to tell them of the last time and
-- of what is new.
CREATE TABLE devices (
    user_id text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    browser text NOT NULL,
    network text NOT NULL,
    ip      text NOT NULL,
    last_at bigint NOT NULL,
    PRIMARY KEY (user_id, browser, network)
);

-- An invitation is a link that makes its holder a user, once.
CREATE TABLE invitations (
    id          text COLLATE "C" PRIMARY KEY CHECK (length(id) = 16),
    email       text NOT NULL,
    email_key   text NOT NULL,
    name        text NOT NULL,
    role        text NOT NULL,
    hash        text NOT NULL UNIQUE,
    invited_by  text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at  bigint NOT NULL,
    expires_at  bigint NOT NULL
);
CREATE UNIQUE INDEX invitations_email ON invitations (email_key);

-- A second factor by an app. secret is encrypted with a key that is not in the
-- database; step is the last time step of which a code was used.
CREATE TABLE totps (
    user_id      text COLLATE "C" PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret       text NOT NULL,
    step         bigint NOT NULL,
    created_at   bigint NOT NULL,
    confirmed_at bigint
);

CREATE TABLE recovery_codes (
    hash       text PRIMARY KEY,
    user_id    text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    used_at    bigint
);
CREATE INDEX recovery_codes_user ON recovery_codes (user_id);

-- data is what the passkey library keeps of a credential, as JSON; there is nothing
-- secret in it.
CREATE TABLE passkeys (
    id            text COLLATE "C" PRIMARY KEY CHECK (length(id) = 16),
    user_id       text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id text NOT NULL UNIQUE,
    name          text NOT NULL CHECK (name <> ''),
    data          text NOT NULL,
    created_at    bigint NOT NULL,
    last_used_at  bigint
);
CREATE INDEX passkeys_user ON passkeys (user_id, id);

-- A challenge is a sign-in or the like that is half done: what was asked of somebody,
-- until they answer. The browser has its secret.
CREATE TABLE challenges (
    hash       text PRIMARY KEY,
    kind       text NOT NULL,
    user_id    text COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
    data       text NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX challenges_expires ON challenges (expires_at);
CREATE INDEX challenges_user ON challenges (user_id);

-- Who somebody is at a service that vouches for them.
CREATE TABLE identities (
    issuer       text NOT NULL,
    subject      text NOT NULL,
    user_id      text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   bigint NOT NULL,
    last_used_at bigint,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);

-- A token has a list of rights in place of one of two scopes, addresses that it may
-- be used from (and from where it was refused last), and for a while after it was rolled
-- the secret that it had before.
ALTER TABLE tokens
    ADD COLUMN scopes text NOT NULL DEFAULT '',
    ADD COLUMN networks text NOT NULL DEFAULT '',
    ADD COLUMN old_hash text UNIQUE,
    ADD COLUMN old_hint text,
    ADD COLUMN old_until bigint,
    ADD COLUMN old_last_used_at bigint,
    ADD COLUMN rolled_at bigint,
    ADD COLUMN refused_at bigint,
    ADD COLUMN refused_ip text;
UPDATE tokens SET scopes = CASE scope
    WHEN 'read' THEN 'groups.read contacts.read messages.read'
    ELSE 'groups.read groups.edit groups.archive groups.delete members.edit contacts.read contacts.edit contacts.delete messages.read messages.post' END;
ALTER TABLE tokens
    DROP COLUMN scope,
    ALTER COLUMN scopes DROP DEFAULT,
    ADD CHECK (scopes <> '');
DROP INDEX tokens_user;
CREATE INDEX tokens_user ON tokens (user_id, id);

-- What tokens were used for lately: the last calls of each, and how many there were in
-- each hour, by its first second. It is written in batches, some seconds late.
CREATE TABLE token_requests (
    id         text COLLATE "C" PRIMARY KEY CHECK (length(id) = 16),
    token_id   text COLLATE "C" NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    method     text NOT NULL,
    path       text NOT NULL,
    status     integer NOT NULL,
    ms         bigint NOT NULL,
    ip         text NOT NULL,
    request_id text NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX token_requests_token ON token_requests (token_id, id);
CREATE TABLE token_hours (
    token_id text COLLATE "C" NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    hour     bigint NOT NULL,
    requests bigint NOT NULL,
    errors   bigint NOT NULL,
    PRIMARY KEY (token_id, hour)
);
CREATE INDEX token_hours_hour ON token_hours (hour);

-- Activity. user_id is the person behind an act, also where a token did it; mac proves
-- that the console wrote the line (see models/seal.go).
ALTER TABLE audit_lines
    ADD COLUMN user_id text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN mac text NOT NULL DEFAULT '';
CREATE INDEX audit_lines_user ON audit_lines (user_id, id);
CREATE INDEX audit_lines_actor ON audit_lines (actor_id, id);
-- What an action is about, as "group" of "group.create": the list is narrowed by it.
ALTER TABLE audit_lines ADD COLUMN area text COLLATE "C" NOT NULL GENERATED ALWAYS AS (split_part(action, '.', 1)) STORED;
CREATE INDEX audit_lines_area ON audit_lines (area, id);
CREATE INDEX audit_lines_request ON audit_lines (request_id, id);

-- The lines that have no place in the chain yet, and the chain.
CREATE TABLE audit_tail (
    line_id text COLLATE "C" PRIMARY KEY
);
INSERT INTO audit_tail (line_id) SELECT id FROM audit_lines;
CREATE TABLE audit_seals (
    number  bigint PRIMARY KEY,
    line_id text COLLATE "C" NOT NULL UNIQUE,
    seal    text NOT NULL
);
-- +goose StatementBegin
CREATE FUNCTION audit_lines_tail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_tail (line_id) VALUES (new.id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_lines_tail AFTER INSERT ON audit_lines FOR EACH ROW EXECUTE FUNCTION audit_lines_tail();

-- Nobody changes a line by mistake; who does it on purpose is found out. Lines from
-- before there was a chain get their mac once.
-- +goose StatementBegin
CREATE FUNCTION audit_lines_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'lines of the audit log are never changed or deleted';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_lines_keep BEFORE UPDATE OF id, created_at, actor_kind, actor_id, actor_name, user_id, action, object_kind, object_id, object_name, changes, ip, user_agent, request_id ON audit_lines FOR EACH ROW EXECUTE FUNCTION audit_lines_keep();
CREATE TRIGGER audit_lines_keep_mac BEFORE UPDATE OF mac ON audit_lines FOR EACH ROW WHEN (old.mac <> '') EXECUTE FUNCTION audit_lines_keep();
CREATE TRIGGER audit_lines_keep_row BEFORE DELETE ON audit_lines FOR EACH ROW EXECUTE FUNCTION audit_lines_keep();
CREATE TRIGGER audit_lines_keep_all BEFORE TRUNCATE ON audit_lines FOR EACH STATEMENT EXECUTE FUNCTION audit_lines_keep();
