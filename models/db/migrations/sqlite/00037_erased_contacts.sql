-- +goose Up

-- Lines stay as they are, except that personal data are erased from them: see models/audit/redact.go.
DROP TRIGGER audit_lines_keep;
-- +goose StatementBegin
CREATE TRIGGER audit_lines_keep BEFORE UPDATE OF id, created_at, actor_kind, actor_id, actor_name, user_id, action, object_kind, object_id, ip, user_agent, request_id ON audit_lines BEGIN
    SELECT RAISE(ABORT, 'lines of the audit log are never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_lines_keep_content BEFORE UPDATE OF object_name, changes ON audit_lines WHEN new.changes NOT LIKE '{"erased_by":"%' BEGIN
    SELECT RAISE(ABORT, 'lines of the audit log are never changed');
END;
-- +goose StatementEnd

-- A contact whose personal data were erased leaves a tombstone, too, which leads nowhere.
DROP INDEX contact_tombstones_deleted;
DROP INDEX contact_tombstones_into;
ALTER TABLE contact_tombstones RENAME TO old_contact_tombstones;
CREATE TABLE contact_tombstones (
    contact_id  text PRIMARY KEY CHECK (length(contact_id) = 16),
    name        text NOT NULL,
    merged_into text CHECK (length(merged_into) = 16),
    deleted_at  integer NOT NULL,
    deleted_by  text NOT NULL
) WITHOUT ROWID;
INSERT INTO contact_tombstones SELECT contact_id, name, merged_into, deleted_at, deleted_by FROM old_contact_tombstones;
DROP TABLE old_contact_tombstones;
CREATE INDEX contact_tombstones_deleted ON contact_tombstones (deleted_at);
CREATE INDEX contact_tombstones_into ON contact_tombstones (merged_into) WHERE merged_into IS NOT NULL;
