-- +goose Up

-- Lines stay as they are, except that personal data are erased from them: see models/audit/redact.go.
DROP TRIGGER audit_lines_keep ON audit_lines;
CREATE TRIGGER audit_lines_keep BEFORE UPDATE OF id, created_at, actor_kind, actor_id, actor_name, user_id, action, object_kind, object_id, ip, user_agent, request_id ON audit_lines
    FOR EACH ROW EXECUTE FUNCTION audit_lines_keep();
CREATE TRIGGER audit_lines_keep_content BEFORE UPDATE OF object_name, changes ON audit_lines
    FOR EACH ROW WHEN (new.changes NOT LIKE '{"erased_by":"%') EXECUTE FUNCTION audit_lines_keep();

-- A contact whose personal data were erased leaves a tombstone, too, which leads nowhere.
ALTER TABLE contact_tombstones ALTER merged_into DROP NOT NULL;
DROP INDEX contact_tombstones_into;
CREATE INDEX contact_tombstones_into ON contact_tombstones (merged_into) WHERE merged_into IS NOT NULL;
