-- +goose Up
-- The whole schema of the first release. Times are Unix seconds; ids sort by creation
-- (see models/id.go). groups and contacts have a seq beside the id, ascending with it,
-- because full-text search knows a row only by an integer.

CREATE TABLE settings (
    key   text PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE users (
    id            text PRIMARY KEY CHECK (length(id) = 16),
    email         text NOT NULL,
    email_key     text NOT NULL UNIQUE,
    name          text NOT NULL CHECK (name <> ''),
    role          text NOT NULL,
    password_hash text NOT NULL,
    created_at    integer NOT NULL,
    updated_at    integer NOT NULL
);

CREATE TABLE setup_codes (
    hash       text PRIMARY KEY,
    expires_at integer NOT NULL
);

CREATE TABLE sessions (
    hash       text PRIMARY KEY,
    user_id    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    data       text NOT NULL,
    remember   boolean NOT NULL,
    ip         text NOT NULL,
    user_agent text NOT NULL,
    created_at integer NOT NULL,
    seen_at    integer NOT NULL,
    expires_at integer NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE throttles (
    key      text PRIMARY KEY,
    failures integer NOT NULL,
    last_at  integer NOT NULL,
    until_at integer NOT NULL
);

CREATE TABLE tokens (
    id           text PRIMARY KEY CHECK (length(id) = 16),
    user_id      text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         text NOT NULL CHECK (name <> ''),
    scope        text NOT NULL CHECK (scope IN ('read', 'write')),
    hash         text NOT NULL UNIQUE,
    hint         text NOT NULL,
    created_at   integer NOT NULL,
    expires_at   integer,
    revoked_at   integer,
    last_used_at integer,
    last_used_ip text
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE groups (
    seq             integer PRIMARY KEY,
    id              text NOT NULL UNIQUE CHECK (length(id) = 16),
    name            text NOT NULL CHECK (name <> '' AND length(name) <= 255),
    name_key        text NOT NULL,
    description     text CHECK (description <> '' AND length(description) <= 10000),
    avatar_url      text CHECK (avatar_url <> '' AND length(avatar_url) <= 2048),
    conversation_id text NOT NULL UNIQUE,
    contacts_count  integer NOT NULL DEFAULT 0 CHECK (contacts_count >= 0),
    search          text NOT NULL,
    created_at      integer NOT NULL,
    updated_at      integer NOT NULL,
    archived_at     integer
);
-- One index for each order that a list has, for each status that it can be limited to.
CREATE INDEX groups_active           ON groups (id) WHERE archived_at IS NULL;
CREATE INDEX groups_archived         ON groups (id) WHERE archived_at IS NOT NULL;
CREATE INDEX groups_name             ON groups (name_key, id);
CREATE INDEX groups_active_name      ON groups (name_key, id) WHERE archived_at IS NULL;
CREATE INDEX groups_archived_name    ON groups (name_key, id) WHERE archived_at IS NOT NULL;
CREATE INDEX groups_members          ON groups (contacts_count, id);
CREATE INDEX groups_active_members   ON groups (contacts_count, id) WHERE archived_at IS NULL;
CREATE INDEX groups_archived_members ON groups (contacts_count, id) WHERE archived_at IS NOT NULL;
CREATE INDEX groups_archived_at      ON groups (archived_at, id) WHERE archived_at IS NOT NULL;
CREATE INDEX groups_undescribed      ON groups (id) WHERE description IS NULL;

CREATE VIRTUAL TABLE groups_fts USING fts5 (
    search, content = 'groups', content_rowid = 'seq', tokenize = 'trigram case_sensitive 1'
);
-- +goose StatementBegin
CREATE TRIGGER groups_fts_insert AFTER INSERT ON groups BEGIN
    INSERT INTO groups_fts (rowid, search) VALUES (new.seq, new.search);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER groups_fts_delete AFTER DELETE ON groups BEGIN
    INSERT INTO groups_fts (groups_fts, rowid, search) VALUES ('delete', old.seq, old.search);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER groups_fts_update AFTER UPDATE OF search ON groups WHEN old.search <> new.search BEGIN
    INSERT INTO groups_fts (groups_fts, rowid, search) VALUES ('delete', old.seq, old.search);
    INSERT INTO groups_fts (rowid, search) VALUES (new.seq, new.search);
END;
-- +goose StatementEnd

CREATE TABLE contacts (
    seq             integer PRIMARY KEY,
    id              text NOT NULL UNIQUE CHECK (length(id) = 16),
    username        text NOT NULL CHECK (username <> '' AND length(username) <= 64),
    username_key    text NOT NULL UNIQUE,
    phone_number    text CHECK (phone_number <> '' AND length(phone_number) <= 32),
    avatar_url      text CHECK (avatar_url <> '' AND length(avatar_url) <= 2048),
    display_name    text CHECK (display_name <> '' AND length(display_name) <= 255),
    name_key        text NOT NULL,
    conversation_id text NOT NULL UNIQUE,
    search          text NOT NULL,
    last_active_at  integer,
    created_at      integer NOT NULL,
    updated_at      integer NOT NULL
);
CREATE INDEX contacts_name   ON contacts (name_key, id);

CREATE VIRTUAL TABLE contacts_fts USING fts5 (
    search, content = 'contacts', content_rowid = 'seq', tokenize = 'trigram case_sensitive 1'
);
-- +goose StatementBegin
CREATE TRIGGER contacts_fts_insert AFTER INSERT ON contacts BEGIN
    INSERT INTO contacts_fts (rowid, search) VALUES (new.seq, new.search);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER contacts_fts_delete AFTER DELETE ON contacts BEGIN
    INSERT INTO contacts_fts (contacts_fts, rowid, search) VALUES ('delete', old.seq, old.search);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER contacts_fts_update AFTER UPDATE OF search ON contacts WHEN old.search <> new.search BEGIN
    INSERT INTO contacts_fts (contacts_fts, rowid, search) VALUES ('delete', old.seq, old.search);
    INSERT INTO contacts_fts (rowid, search) VALUES (new.seq, new.search);
END;
-- +goose StatementEnd

CREATE TABLE memberships (
    group_id   text NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    contact_id text NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    created_at integer NOT NULL,
    PRIMARY KEY (group_id, contact_id)
) WITHOUT ROWID;
CREATE INDEX memberships_contact ON memberships (contact_id, group_id);

-- A conversation belongs to one group or to one contact, and goes with it.
CREATE TABLE conversations (
    id         text PRIMARY KEY CHECK (length(id) = 16),
    group_id   text UNIQUE REFERENCES groups (id) ON DELETE CASCADE,
    contact_id text UNIQUE REFERENCES contacts (id) ON DELETE CASCADE,
    created_at integer NOT NULL,
    CHECK ((group_id IS NULL) <> (contact_id IS NULL))
);

-- contact_id has no foreign key: what somebody said in a group keeps its
-- author's id after the contact is gone.
CREATE TABLE messages (
    id              text PRIMARY KEY CHECK (length(id) = 16),
    conversation_id text NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    contact_id      text,
    message         text NOT NULL CHECK (message <> '' AND length(message) <= 10000),
    created_at      integer NOT NULL
);
CREATE INDEX messages_conversation ON messages (conversation_id, id);

CREATE TABLE tombstones (
    group_id        text PRIMARY KEY,
    conversation_id text NOT NULL,
    name            text NOT NULL,
    contacts_count  integer NOT NULL,
    messages_count  integer NOT NULL,
    deleted_at      integer NOT NULL,
    deleted_by      text NOT NULL
);

CREATE TABLE audit_lines (
    id          text PRIMARY KEY CHECK (length(id) = 16),
    created_at  integer NOT NULL,
    actor_kind  text NOT NULL,
    actor_id    text NOT NULL,
    actor_name  text NOT NULL,
    action      text NOT NULL,
    object_kind text NOT NULL,
    object_id   text NOT NULL,
    object_name text NOT NULL,
    changes     text NOT NULL,
    ip          text NOT NULL,
    user_agent  text NOT NULL,
    request_id  text NOT NULL
);
CREATE INDEX audit_lines_object ON audit_lines (object_id, id);

CREATE TABLE idempotency_keys (
    owner       text NOT NULL,
    key         text NOT NULL,
    fingerprint text NOT NULL,
    answer      text NOT NULL,
    created_at  integer NOT NULL,
    PRIMARY KEY (owner, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE drafts (
    user_id    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    form       text NOT NULL,
    fields     text NOT NULL,
    updated_at integer NOT NULL,
    PRIMARY KEY (user_id, form)
) WITHOUT ROWID;
CREATE INDEX drafts_updated ON drafts (updated_at);
