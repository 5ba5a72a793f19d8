-- +goose Up
-- Who posted a message for the console. NULL for a contact's, and for those from before it was stored.
ALTER TABLE messages ADD COLUMN posted_by text;

-- What remains of a message that was deleted with a reason, and is shown in its place: all but its
-- text. It goes with the conversation.
CREATE TABLE deleted_messages (
    conversation_id text NOT NULL,
    id              text NOT NULL CHECK (length(id) = 16),
    contact_id      text,
    posted_by       text,
    created_at      integer NOT NULL,
    deleted_at      integer NOT NULL,
    deleted_by      text NOT NULL,
    reason          text NOT NULL CHECK (reason <> '' AND length(reason) <= 250),
    PRIMARY KEY (conversation_id, id)
) WITHOUT ROWID;
