package graph

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"customerhub/internal/auth"
	"customerhub/internal/hub"
)

// staleExtension is where a response says what is older than was asked for. It stands beside the data, so that whoever does not look
// reads the answer as ever.
const staleExtension = "stale"

// maxAge is as long as for ever, in seconds, and still a duration.
const maxAge = 1 << 32

// staleRecord is one record of which the hub's values are older than was asked for.
type staleRecord struct {
	Code       string      `json:"code"`
	Path       ast.Path    `json:"path"`
	System     staleSystem `json:"system"`
	ExternalID string      `json:"externalId"`
	Since      *time.Time  `json:"since"`
	Why        string      `json:"why"`
	NextTryAt  *time.Time  `json:"nextTryAt"`
}

type staleSystem struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// staleRecords gathers what the fields of one operation found, which are resolved at the same time.
type staleRecords struct {
	mu  sync.Mutex
	all []staleRecord
}

// MarshalJSON implements json.Marshaler.
func (s *staleRecords) MarshalJSON() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return json.Marshal(s.all)
}

// refresh sees to it that the customer's values are no older than asked for, and notes in the response which are all the same.
func (a *API) refresh(ctx context.Context, v auth.Viewer, by hub.CustomerLookup, maxStaleness *int) error {
	if maxStaleness == nil {
		return nil
	}
	stale, err := a.hub.Refresh(ctx, v, by, time.Duration(min(*maxStaleness, maxAge))*time.Second)
	if err != nil || len(stale) == 0 {
		return err
	}
	path := graphql.GetPath(ctx)
	notes := a.staleRecords(ctx)
	notes.mu.Lock()
	defer notes.mu.Unlock()
	for _, s := range stale {
		notes.all = append(notes.all, staleRecord{
			Code: "STALE", Path: path, ExternalID: s.ExternalID, Since: moment(s.Since), Why: string(s.Why), NextTryAt: moment(s.NextTryAt),
			System: staleSystem{globalID(nounSystem, s.System.ID), string(s.System.Kind), s.System.Name},
		})
	}
	return nil
}

func (a *API) staleRecords(ctx context.Context) *staleRecords {
	a.noting.Lock()
	defer a.noting.Unlock()
	if notes, ok := graphql.GetExtension(ctx, staleExtension).(*staleRecords); ok {
		return notes
	}
	notes := &staleRecords{}
	graphql.RegisterExtension(ctx, staleExtension, notes)
	return notes
}
