// Package embedpg runs a Postgres server beside the hub: for the demo, for development and for tests. It finds the
// server's programs on the machine or fetches them, makes a data folder, and ties the server to the life of the process
// that started it: where the kernel offers it (Linux) the server stops when that process dies, however it dies;
// everywhere a server that was left behind is stopped at the next start on its folder.
//
// The server listens on a Unix socket in a folder that only its own user may enter, and on nothing else. As root it runs
// under an unprivileged user, because Postgres refuses root.
//
// It knows nothing about the hub: no table, no setting, no other package of ours.
package embedpg
