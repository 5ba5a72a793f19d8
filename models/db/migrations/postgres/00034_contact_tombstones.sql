-- +goose Up

-- What remains of a contact that was merged into another.
CREATE TABLE contact_tombstones (
    contact_id  text COLLATE "C" PRIMARY KEY CHECK (length(contact_id) = 16),
    name        text NOT NULL,
    merged_into text COLLATE "C" NOT NULL CHECK (length(merged_into) = 16),
    deleted_at  bigint NOT NULL,
    deleted_by  text NOT NULL
);
CREATE INDEX contact_tombstones_deleted ON contact_tombstones (deleted_at);
-- To lead to the last one if contacts are merged one after another.
CREATE INDEX contact_tombstones_into ON contact_tombstones (merged_into);

-- To find what a contact wrote.
CREATE INDEX messages_contact ON messages (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX deleted_messages_contact ON deleted_messages (contact_id) WHERE contact_id IS NOT NULL;
