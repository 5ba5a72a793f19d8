-- +goose Up

-- A line that the console can't prove may be marked as adopted, and in no other way be
-- changed: see models/adopt.go.
DROP TRIGGER audit_lines_keep_mac;
-- +goose StatementBegin
CREATE TRIGGER audit_lines_keep_mac BEFORE UPDATE OF mac ON audit_lines WHEN old.mac <> '' AND new.mac NOT LIKE 'adopted %' BEGIN
    SELECT RAISE(ABORT, 'lines of the audit log are never changed');
END;
-- +goose StatementEnd
