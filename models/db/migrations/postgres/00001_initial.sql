-- +goose Up
-- The whole schema of the first release. Times are Unix seconds; ids sort by
-- creation, so COLLATE "C" makes a primary key the list order (see models/id.go).

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE settings (
    key   text PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE users (
    id            text COLLATE "C" PRIMARY KEY CHECK (length(id) = 16),
    email         text NOT NULL,
    email_key     text NOT NULL UNIQUE,
    name          text NOT NULL CHECK (name <> ''),
    role          text NOT NULL,
    password_hash text NOT NULL,
    created_at    bigint NOT NULL,
    updated_at    bigint NOT NULL
);

CREATE TABLE setup_codes (
    hash       text PRIMARY KEY,
    expires_at bigint NOT NULL
);

CREATE TABLE sessions (
    hash       text PRIMARY KEY,
    user_id    text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
    data       text NOT NULL,
    remember   boolean NOT NULL,
    ip         text NOT NULL,
    user_agent text NOT NULL,
    created_at bigint NOT NULL,
    seen_at    bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE throttles (
    key      text PRIMARY KEY,
    failures integer NOT NULL,
    last_at  bigint NOT NULL,
    until_at bigint NOT NULL
);

CREATE TABLE tokens (
    id           text COLLATE "C" PRIMARY KEY CHECK (length(id) = 16),
    user_id      text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
    name         text NOT NULL CHECK (name <> ''),
    scope        text NOT NULL CHECK (scope IN ('read', 'write')),
    hash         text NOT NULL UNIQUE,
    hint         text NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint,
    revoked_at   bigint,
    last_used_at bigint,
    last_used_ip text
);
CREATE INDEX tokens_user ON tokens (user_id);

-- symbols are those characters of search that trigrams leave out: so that a search
-- for "%" or an emoji has an index too.
CREATE TABLE groups (
    id              text COLLATE "C" PRIMARY KEY CHECK (length(id) = 16),
    name            text NOT NULL CHECK (name <> '' AND char_length(name) <= 255),
    name_key        text COLLATE "C" NOT NULL,
    description     text CHECK (description <> '' AND char_length(description) <= 10000),
    avatar_url      text CHECK (avatar_url <> '' AND char_length(avatar_url) <= 2048),
    conversation_id text COLLATE "C" NOT NULL UNIQUE,
    contacts_count  integer NOT NULL DEFAULT 0 CHECK (contacts_count >= 0),
    search          text NOT NULL,
    symbols         text[] NOT NULL GENERATED ALWAYS AS (string_to_array(regexp_replace(search, '[[:alnum:][:space:]]', '', 'g'), NULL)) STORED,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    archived_at     bigint
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
CREATE INDEX groups_search           ON groups USING gin (search gin_trgm_ops);
CREATE INDEX groups_symbols ON groups USING gin (symbols);

CREATE TABLE contacts (
    id              text COLLATE "C" PRIMARY KEY CHECK (length(id) = 16),
    username        text NOT NULL CHECK (username <> '' AND char_length(username) <= 64),
    username_key    text COLLATE "C" NOT NULL UNIQUE,
    phone_number    text CHECK (phone_number <> '' AND char_length(phone_number) <= 32),
    avatar_url      text CHECK (avatar_url <> '' AND char_length(avatar_url) <= 2048),
    display_name    text CHECK (display_name <> '' AND char_length(display_name) <= 255),
    name_key        text COLLATE "C" NOT NULL,
    conversation_id text COLLATE "C" NOT NULL UNIQUE,
    search          text NOT NULL,
    symbols         text[] NOT NULL GENERATED ALWAYS AS (string_to_array(regexp_replace(search, '[[:alnum:][:space:]]', '', 'g'), NULL)) STORED,
    last_active_at  bigint,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL
);
CREATE INDEX contacts_name   ON contacts (name_key, id);
CREATE INDEX contacts_search ON contacts USING gin (search gin_trgm_ops);
CREATE INDEX contacts_symbols ON contacts USING gin (symbols);

CREATE TABLE memberships (
    group_id   text COLLATE "C" NOT NULL REFERENCES groups ON DELETE CASCADE,
    contact_id text COLLATE "C" NOT NULL REFERENCES contacts ON DELETE CASCADE,
    created_at bigint NOT NULL,
    PRIMARY KEY (group_id, contact_id)
);
CREATE INDEX memberships_contact ON memberships (contact_id, group_id);

-- A conversation belongs to one group or to one contact, and goes with it.
CREATE TABLE conversations (
    id         text COLLATE "C" PRIMARY KEY CHECK (length(id) = 16),
    group_id   text COLLATE "C" UNIQUE REFERENCES groups ON DELETE CASCADE,
    contact_id text COLLATE "C" UNIQUE REFERENCES contacts ON DELETE CASCADE,
    created_at bigint NOT NULL,
    CHECK ((group_id IS NULL) <> (contact_id IS NULL))
);

-- contact_id has no foreign key: what somebody said in a group keeps its
-- author's id after the contact is gone.
CREATE TABLE messages (
    id              text COLLATE "C" PRIMARY KEY CHECK (length(id) = 16),
    conversation_id text COLLATE "C" NOT NULL REFERENCES conversations ON DELETE CASCADE,
    contact_id      text COLLATE "C",
    message         text NOT NULL CHECK (message <> '' AND char_length(message) <= 10000),
    created_at      bigint NOT NULL
);
CREATE INDEX messages_conversation ON messages (conversation_id, id);

CREATE TABLE tombstones (
    group_id        text COLLATE "C" PRIMARY KEY,
    conversation_id text COLLATE "C" NOT NULL,
    name            text NOT NULL,
    contacts_count  integer NOT NULL,
    messages_count  integer NOT NULL,
    deleted_at      bigint NOT NULL,
    deleted_by      text NOT NULL
);

CREATE TABLE audit_lines (
    id          text COLLATE "C" PRIMARY KEY CHECK (length(id) = 16),
    created_at  bigint NOT NULL,
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
    created_at  bigint NOT NULL,
    PRIMARY KEY (owner, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE drafts (
    user_id    text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
    form       text NOT NULL,
    fields     text NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (user_id, form)
);
CREATE INDEX drafts_updated ON drafts (updated_at);
