-- +goose Up
CREATE INDEX tombstones_deleted ON tombstones (deleted_at);
