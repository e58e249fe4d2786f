// Package server is the hub's face to HTTP: GraphQL over POST, server-sent events and WebSocket on one path, health, and
// the explorer for development. It knows how requests arrive, who sends them, which are too big and how an error is
// shown; what a field means package graph knows, and who may what package hub.
//
// gqlgen executes; its transports are not used, since they answer the protocols' questions in other ways than the
// specifications of GraphQL over HTTP and graphql-transport-ws ask for. A request passes, in this order: method and media
// type, authentication, size of the body, size of the document, tokens, shape (depth, aliases, root fields, what its
// fragments expand to), validation, variables, cost, and a deadline.
package server
