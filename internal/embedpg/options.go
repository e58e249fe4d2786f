package embedpg

import (
	"log/slog"
	"time"
)

// MinVersion is the oldest major version of Postgres that is taken: the tables use what came with it.
const MinVersion = 15

// FetchVersion is the release that is fetched when the machine has none.
const FetchVersion = "15.13.0"

// NoFetch as FetchURL forbids fetching.
const NoFetch = "off"

// Options say where a server lives and how it runs. The zero value is a durable server in the default folder.
type Options struct {
	// Dir is the server's folder. It is made when missing; a folder with other content is refused. Empty means the user's
	// data folder (as root /var/lib/customerhub/postgres), or one in the temporary folder when that cannot be used.
	Dir string
	// BinDir names the folder of postgres, initdb and pg_ctl; nothing else is looked at then. Empty means: search, then
	// fetch.
	BinDir string
	// FetchURL is the repository to fetch from. Empty means the one that the embedded-postgres library
	// publishes its archives in, NoFetch means never.
	FetchURL string
	// FetchVersion is the release to fetch. Empty means FetchVersion.
	FetchVersion string
	// CacheDir keeps what was fetched. Empty means the user's cache folder (as root /var/cache/customerhub).
	CacheDir string
	// User is the account the server runs under when this process is root. Empty means postgres if it exists, else
	// nobody. Another process than root runs the server as itself.
	User string
	// Ephemeral trades durability for speed (fsync off and the like): for tests alone, a crash may lose everything.
	Ephemeral bool
	// MaxConnections bounds the server's connections. Zero means 100.
	MaxConnections int
	// Settings are further server settings; they win over the package's own.
	Settings map[string]string
	// StartTimeout bounds the start, with crash recovery in it. Zero means 2 minutes.
	StartTimeout time.Duration
	// StopTimeout bounds the orderly stop, after which the server is made to exit; it recovers at the next start. Zero
	// means 30 seconds.
	StopTimeout time.Duration
	// Logger hears what an operator would want to know. Nil means silence.
	Logger *slog.Logger
}
