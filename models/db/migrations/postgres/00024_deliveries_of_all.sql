-- +goose Up

-- For the list of the deliveries to all webhooks: those of a state and those of a type, in its order.
CREATE INDEX webhook_deliveries_state_of_all ON webhook_deliveries (state, id) WHERE state <> 'delivered';
CREATE INDEX webhook_deliveries_type_of_all ON webhook_deliveries (type, id);
