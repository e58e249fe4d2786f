package server

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/fault"
)

// Where credentials stand: in headers, and under the same names in the payload of connection_init.
const (
	headerAuthorization = "Authorization"
	headerOrganisation  = "Hub-Organisation"
)

// credentials are what a client says about itself.
type credentials struct {
	authorization string
	organisation  string
}

func credentialsOf(h http.Header) credentials {
	return credentials{h.Get(headerAuthorization), h.Get(headerOrganisation)}
}

// withPayload lets the payload of connection_init override the headers; names are compared without regard to case, as
// those of headers are. ok is false when a value is not a string.
func (c credentials) withPayload(payload map[string]json.RawMessage) (_ credentials, ok bool) {
	for name, raw := range payload {
		var at *string
		switch {
		case strings.EqualFold(name, headerAuthorization):
			at = &c.authorization
		case strings.EqualFold(name, headerOrganisation):
			at = &c.organisation
		default:
			continue
		}
		if err := json.Unmarshal(raw, at); err != nil {
			return c, false
		}
	}
	return c, true
}

var errNoKey = fault.New(fault.Unauthenticated, "An API key is needed: send it as Authorization: Bearer KEY.")

// authenticate finds out who asks.
func (s *Server) authenticate(ctx context.Context, c credentials) (auth.Viewer, error) {
	scheme, bearer, ok := strings.Cut(strings.TrimSpace(c.authorization), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return auth.Viewer{}, errNoKey
	}
	return s.o.Auth.Authenticate(ctx, strings.TrimSpace(bearer), strings.TrimSpace(c.organisation))
}

// recheck looks now and then whether the credentials of a stream still give the same rights, until they do not, or ctx
// ends; it gives the fault in the first case and nil in the second. Being unable to look is no reason to end the stream:
// its reads fail by themselves if the database is gone.
func (s *Server) recheck(ctx context.Context, c credentials, v auth.Viewer) error {
	tick := time.NewTicker(s.o.Times.Recheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now, err := s.authenticate(ctx, c)
		switch {
		case fault.Is(err, fault.Unauthenticated), fault.Is(err, fault.Forbidden):
			return err
		case err == nil && !slices.Equal(now.Scopes, v.Scopes):
			return fault.New(fault.Forbidden, "The rights of the key changed. Connect again.")
		}
	}
}

// sameOrAllowedOrigin says whether a page may use the API: pages of this server, those of the allowed origins, and
// programs, which send no origin.
func (s *Server) sameOrAllowedOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || s.allowedOrigin(origin) {
		return true
	}
	_, host, ok := strings.Cut(origin, "://")
	return ok && strings.EqualFold(host, r.Host)
}

func (s *Server) allowedOrigin(origin string) bool {
	return slices.ContainsFunc(s.o.AllowedOrigins, func(o string) bool { return strings.EqualFold(o, origin) })
}
