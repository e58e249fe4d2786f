package flex

import (
	"context"

	"customerhub/internal/connector"
	"customerhub/internal/connector/rest"
)

// Read implements connector.Connection with customers/{id}.
func (c *Connection) Read(ctx context.Context, externalID string) (connector.Record, error) {
	id := rest.Key(rest.Text(externalID))
	if id == "" {
		return connector.Record{}, noSuch()
	}
	one, err := c.read(ctx, id)
	if err != nil {
		return connector.Record{}, err
	}
	ts, err := c.typesWith(ctx, one.CustomerTypeID)
	if err != nil {
		return connector.Record{}, err
	}
	return c.toRecord(one, ts), nil
}
