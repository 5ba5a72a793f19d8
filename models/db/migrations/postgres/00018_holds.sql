-- +goose Up

-- Groups that were deleted, as they were, until they are deleted for good: see
-- models/holds.go. They have all columns of groups but those that are generated.
CREATE TABLE held_groups (
    id               text COLLATE "C" PRIMARY KEY CHECK (length(id) = 16),
    name             text NOT NULL,
    name_key         text COLLATE "C" NOT NULL,
    description      text,
    avatar_url       text,
    conversation_id  text COLLATE "C" NOT NULL UNIQUE,
    contacts_count   integer NOT NULL CHECK (contacts_count >= 0),
    search           text NOT NULL,
    created_at       bigint NOT NULL,
    updated_at       bigint NOT NULL,
    archived_at      bigint,
    archived_by_kind text NOT NULL,
    archived_by_id   text NOT NULL,
    archived_by_name text NOT NULL,
    last_active_at   bigint NOT NULL,
    created_by_kind  text NOT NULL,
    created_by_id    text COLLATE "C" NOT NULL,
    created_by_name  text NOT NULL,
    same_name        boolean NOT NULL,
    until_at         bigint NOT NULL
);
CREATE INDEX held_groups_until ON held_groups (until_at, id);

-- Those of imported_ids that go with a group on hold.
CREATE TABLE held_imported_ids (
    foreign_id text NOT NULL,
    group_id   text COLLATE "C" NOT NULL REFERENCES held_groups (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, foreign_id)
);

-- What is on hold is hidden as if it were being cleared, and is not cleared.
ALTER TABLE clearings ADD COLUMN held boolean NOT NULL DEFAULT false;
CREATE INDEX clearings_due ON clearings (conversation_id) WHERE NOT held;

-- The last acts of a session that can be undone, each with its line of the activity. undo is
-- what undoing needs beyond the line.
CREATE TABLE undo_steps (
    session_id text COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    line_id    text COLLATE "C" NOT NULL,
    undo       text NOT NULL,
    PRIMARY KEY (session_id, line_id)
);
