-- +goose Up

-- Who has opened the edit form of a group or contact, so that others who open it see that. A row
-- is good for some minutes.
CREATE TABLE open_forms (
    object_id text NOT NULL CHECK (length(object_id) = 16),
    user_id   text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    opened_at bigint NOT NULL,
    PRIMARY KEY (object_id, user_id)
);
CREATE INDEX open_forms_user ON open_forms (user_id);
CREATE INDEX open_forms_opened ON open_forms (opened_at);
