// Package hub is what can be done and asked: every command and every read, who may use it, and the one transaction it
// runs in. The API and the command line translate into it; it translates into store. Rules of single values live in
// package customer, SQL lives in package store.
package hub
