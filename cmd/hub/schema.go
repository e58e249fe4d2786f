package main

import (
	"io"

	"customerhub/graph"
)

// schemaCommand prints the schema: what a client is generated from, without a running hub and without introspection.
type schemaCommand struct{}

// Run prints the whole schema. A reader that went away is an error, so that half a schema is not taken for a whole one.
func (c *schemaCommand) Run(p *program) error {
	_, err := io.WriteString(p.stdout, graph.SDL())
	return err
}
