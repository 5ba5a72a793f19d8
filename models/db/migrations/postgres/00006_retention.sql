-- +goose Up

-- For how long activity is kept, and where its chain begins: one row, which the console
-- proves (see models/retention.go). number and seal are the last link that was deleted.
CREATE TABLE audit_retention (
    one            integer PRIMARY KEY CHECK (one = 1),
    kept           text NOT NULL,
    line_id        text COLLATE "C" NOT NULL,
    number         bigint NOT NULL,
    seal           text NOT NULL,
    floor          text COLLATE "C" NOT NULL,
    deleted_before bigint NOT NULL,
    deleted_at     bigint NOT NULL,
    told           bigint NOT NULL,
    proof          text NOT NULL
);

-- Lines before the beginning of the chain are the only ones that go.
DROP TRIGGER audit_lines_keep_row ON audit_lines;
-- +goose StatementBegin
CREATE FUNCTION audit_lines_keep_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM audit_seals WHERE line_id = old.id AND number <= (SELECT number FROM audit_retention)) THEN
        RETURN old;
    END IF;
    RAISE EXCEPTION 'lines of the audit log are never deleted';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_lines_keep_row BEFORE DELETE ON audit_lines FOR EACH ROW EXECUTE FUNCTION audit_lines_keep_row();
