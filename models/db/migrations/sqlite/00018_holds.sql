-- +goose Up

-- Groups that were deleted, as they were, until they are deleted for good: see
-- models/holds.go. They have all columns of groups.
CREATE TABLE held_groups (
    seq              integer PRIMARY KEY,
    id               text NOT NULL UNIQUE CHECK (length(id) = 16),
    name             text NOT NULL,
    name_key         text NOT NULL,
    description      text,
    avatar_url       text,
    conversation_id  text NOT NULL UNIQUE,
    contacts_count   integer NOT NULL CHECK (contacts_count >= 0),
    search           text NOT NULL,
    created_at       integer NOT NULL,
    updated_at       integer NOT NULL,
    archived_at      integer,
    archived_by_kind text NOT NULL,
    archived_by_id   text NOT NULL,
    archived_by_name text NOT NULL,
    last_active_at   integer NOT NULL,
    created_by_kind  text NOT NULL,
    created_by_id    text NOT NULL,
    created_by_name  text NOT NULL,
    same_name        boolean NOT NULL,
    until_at         integer NOT NULL
);
CREATE INDEX held_groups_until ON held_groups (until_at, id);

-- Those of imported_ids that go with a group on hold.
CREATE TABLE held_imported_ids (
    foreign_id text NOT NULL,
    group_id   text NOT NULL REFERENCES held_groups (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, foreign_id)
) WITHOUT ROWID;

-- What is on hold is hidden as if it were being cleared, and is not cleared.
ALTER TABLE clearings ADD COLUMN held boolean NOT NULL DEFAULT 0;
CREATE INDEX clearings_due ON clearings (conversation_id) WHERE NOT held;

-- A new group's row number is above those of held groups too, which may come back.
DROP TRIGGER groups_fts_insert;
-- +goose StatementBegin
CREATE TRIGGER groups_fts_insert AFTER INSERT ON groups BEGIN
    UPDATE groups SET seq = (SELECT max(seq) + 1 FROM held_groups)
        WHERE id = new.id AND new.seq <= (SELECT max(seq) FROM held_groups) AND NOT EXISTS (SELECT 1 FROM held_groups WHERE id = new.id);
    INSERT INTO groups_fts (rowid, search) SELECT seq, search FROM groups WHERE id = new.id;
END;
-- +goose StatementEnd

-- The last acts of a session that can be undone, each with its line of the activity. undo is
-- what undoing needs beyond the line.
CREATE TABLE undo_steps (
    session_id text NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    line_id    text NOT NULL,
    undo       text NOT NULL,
    PRIMARY KEY (session_id, line_id)
) WITHOUT ROWID;
