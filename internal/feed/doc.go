// Package feed numbers committed changes and brings them to those who follow. It knows nothing of GraphQL.
//
// Numbering is one step for the whole hub, a few milliseconds behind the commits, so commits never wait for each other
// and no reader can skip a late one (Promise 9). NOTIFY carries a topic and nothing else; everybody also looks by
// themselves now and then, so a lost notification costs a moment.
package feed
