-- +goose Up

-- For how long activity is kept, and where its chain begins: one row, which the console
-- proves (see models/retention.go). number and seal are the last link that was deleted.
CREATE TABLE audit_retention (
    one            integer PRIMARY KEY CHECK (one = 1),
    kept           text NOT NULL,
    line_id        text NOT NULL,
    number         integer NOT NULL,
    seal           text NOT NULL,
    floor          text NOT NULL,
    deleted_before integer NOT NULL,
    deleted_at     integer NOT NULL,
    told           integer NOT NULL,
    proof          text NOT NULL
);

-- Lines before the beginning of the chain are the only ones that go.
DROP TRIGGER audit_lines_keep_row;
-- +goose StatementBegin
CREATE TRIGGER audit_lines_keep_row BEFORE DELETE ON audit_lines WHEN NOT EXISTS (
    SELECT 1 FROM audit_seals WHERE line_id = old.id AND number <= (SELECT number FROM audit_retention)
) BEGIN
    SELECT RAISE(ABORT, 'lines of the audit log are never deleted');
END;
-- +goose StatementEnd
