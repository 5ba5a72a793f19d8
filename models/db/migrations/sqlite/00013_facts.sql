-- +goose Up

-- Who archived a group, as of then; '' if it is active or nobody knows. The activity that
-- says so may be deleted, and these stay.
ALTER TABLE groups ADD COLUMN archived_by_kind text NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN archived_by_id   text NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN archived_by_name text NOT NULL DEFAULT '';

-- Which line of the activity reverted the change of another. Neither has to exist any more.
CREATE TABLE reverts (
    line_id    text NOT NULL,
    id         text NOT NULL,
    by_kind    text NOT NULL,
    by_id      text NOT NULL,
    by_name    text NOT NULL,
    created_at integer NOT NULL,
    PRIMARY KEY (line_id, id)
) WITHOUT ROWID;
