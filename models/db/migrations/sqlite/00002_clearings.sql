-- +goose Up
-- A deletion would follow these tables' foreign keys to every member and every message
-- at once: a million rows in one transaction, which no request has the time for. What is
-- deleted goes in pieces instead (see models/clearing.go). No rows are added without
-- their group, contact or conversation: whoever adds them looks for it in the same
-- transaction. SQLite can't drop a foreign key; the tables are made again without them.
CREATE TABLE memberships_freed (
    group_id   text NOT NULL,
    contact_id text NOT NULL,
    created_at integer NOT NULL,
    PRIMARY KEY (group_id, contact_id)
) WITHOUT ROWID;
INSERT INTO memberships_freed SELECT group_id, contact_id, created_at FROM memberships;
DROP TABLE memberships;
ALTER TABLE memberships_freed RENAME TO memberships;
CREATE INDEX memberships_contact ON memberships (contact_id, group_id);

-- contact_id never had a foreign key: what somebody said in a group keeps its
-- author's id after the contact is gone.
CREATE TABLE messages_freed (
    id              text PRIMARY KEY CHECK (length(id) = 16),
    conversation_id text NOT NULL,
    contact_id      text,
    message         text NOT NULL CHECK (message <> '' AND length(message) <= 10000),
    created_at      integer NOT NULL
);
INSERT INTO messages_freed SELECT id, conversation_id, contact_id, message, created_at FROM messages;
DROP TABLE messages;
ALTER TABLE messages_freed RENAME TO messages;
CREATE INDEX messages_conversation ON messages (conversation_id, id);

-- The conversations of deleted groups and contacts of which messages or memberships
-- are left. It is nearly always empty.
CREATE TABLE clearings (
    conversation_id text PRIMARY KEY,
    group_id        text UNIQUE,
    contact_id      text UNIQUE,
    created_at      integer NOT NULL,
    CHECK ((group_id IS NULL) <> (contact_id IS NULL))
);
