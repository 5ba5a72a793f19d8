-- +goose Up

-- A line that the console can't prove may be marked as adopted, and in no other way be
-- changed: see models/adopt.go.
DROP TRIGGER audit_lines_keep_mac ON audit_lines;
CREATE TRIGGER audit_lines_keep_mac BEFORE UPDATE OF mac ON audit_lines FOR EACH ROW
    WHEN (old.mac <> '' AND new.mac NOT LIKE 'adopted %') EXECUTE FUNCTION audit_lines_keep();
