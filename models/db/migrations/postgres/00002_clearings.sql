-- +goose Up
-- A deletion would follow these keys to every member and every message at once: a
-- million rows in one transaction, which no request has the time for. What is deleted
-- goes in pieces instead (see models/clearing.go). No rows are added without their
-- group, contact or conversation: whoever adds them locks it first.
ALTER TABLE memberships DROP CONSTRAINT memberships_group_id_fkey, DROP CONSTRAINT memberships_contact_id_fkey;
ALTER TABLE messages DROP CONSTRAINT messages_conversation_id_fkey;

-- The conversations of deleted groups and contacts of which messages or memberships
-- are left. It is nearly always empty.
CREATE TABLE clearings (
    conversation_id text COLLATE "C" PRIMARY KEY,
    group_id        text COLLATE "C" UNIQUE,
    contact_id      text COLLATE "C" UNIQUE,
    created_at      bigint NOT NULL,
    CHECK ((group_id IS NULL) <> (contact_id IS NULL))
);
