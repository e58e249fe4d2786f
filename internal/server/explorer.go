package server

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed explorer/index.html explorer/explorer.js explorer/explorer.css explorer/icon.svg
var explorerFiles embed.FS

// The page loads what this server serves and talks to this server, and nothing else.
const explorerPolicy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

// explorer serves a page for trying the API out. It needs no internet; the key is typed in or handed over in the
// fragment of the address, which browsers send nowhere.
func explorer() http.Handler {
	files, _ := fs.Sub(explorerFiles, "explorer") // fails for an invalid name only
	serve := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", explorerPolicy)
		w.Header().Set("X-Frame-Options", "DENY")
		w.Header().Set("Cache-Control", "no-cache")
		serve.ServeHTTP(w, r)
	})
}
