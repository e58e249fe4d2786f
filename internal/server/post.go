package server

import (
	"context"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"customerhub/internal/fault"
)

// graphql answers everything on Path.
func (s *Server) graphql(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept, Origin")
	defer func() {
		if v := recover(); v != nil {
			s.refuse(w, r, &refusal{http.StatusInternalServerError, s.faultError(r.Context(), recovered(r.Context(), v))})
		}
	}()
	if !s.sameOrAllowedOrigin(r) {
		e := gqlError(string(fault.Forbidden), "Pages of this origin may not use the API.")
		s.refuse(w, r, &refusal{http.StatusForbidden, e})
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && s.allowedOrigin(origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
	switch {
	case isUpgrade(r):
		s.socket(w, r)
	case r.Method == http.MethodPost:
		s.post(w, r)
	case r.Method == http.MethodOptions && w.Header().Get("Access-Control-Allow-Origin") != "":
		w.Header().Set("Access-Control-Allow-Methods", "POST")
		w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Hub-Organisation")
		w.Header().Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "POST")
		s.refuse(w, r, &refusal{http.StatusMethodNotAllowed, gqlError(codeMethod, "Send a POST request, or open a WebSocket.")})
	}
}

// post executes one operation, and answers it at once or as a stream of events.
func (s *Server) post(w http.ResponseWriter, r *http.Request) {
	if !isJSON(r) {
		e := gqlError(codeMediaType, "Send the request as application/json in UTF-8.")
		s.refuse(w, r, &refusal{http.StatusUnsupportedMediaType, e})
		return
	}
	media := negotiate(r.Header.Values("Accept"))
	if media == "" {
		e := gqlError(codeNotAcceptable, "The answer can be %s, %s or %s.", typeResponse, typeJSON, typeEvents)
		s.refuse(w, r, &refusal{http.StatusNotAcceptable, e})
		return
	}
	c := credentialsOf(r.Header)
	v, err := s.authenticate(r.Context(), c)
	if err != nil {
		s.refuse(w, r, s.refusalOf(r.Context(), err))
		return
	}
	p, bad := s.readBody(w, r)
	if bad != nil {
		s.refuse(w, r, bad)
		return
	}
	if media == typeEvents {
		s.events(w, r, c, v, p)
		return
	}
	e, errs := s.prepare(r.Context(), v, p)
	if errs == nil && e.streams() {
		e.end()
		errs = gqlerror.List{gqlError(codeBadRequest, "A subscription answers more than once: use a WebSocket with graphql-transport-ws, or Accept: %s.", typeEvents)}
	}
	if errs != nil {
		s.answer(w, r, media, requestErrorStatus(media, errs), &graphql.Response{Errors: errs})
		return
	}
	defer e.end()
	s.answer(w, r, media, http.StatusOK, e.response())
}

// requestErrorStatus is the status of an answer to an operation that was not executed. Clients that know GraphQL over
// HTTP ask for application/graphql-response+json and get 400; for application/json a document that is merely wrong is a
// well-formed request, and old clients read errors from answers of status 200 only. Limits are refusals for both.
func requestErrorStatus(media string, errs gqlerror.List) int {
	switch code := codeOf(errs[0]); {
	case code == string(fault.Internal):
		return http.StatusInternalServerError
	case media == typeJSON && (code == codeParseFailed || code == codeInvalidQuery):
		return http.StatusOK
	}
	return http.StatusBadRequest
}

// refusalOf answers somebody who is not let in.
func (s *Server) refusalOf(ctx context.Context, err error) *refusal {
	e := s.faultError(ctx, err)
	switch codeOf(e) {
	case string(fault.Unauthenticated):
		return &refusal{http.StatusUnauthorized, e}
	case string(fault.Forbidden):
		return &refusal{http.StatusForbidden, e}
	case string(fault.Unavailable), codeTimeout, codeCancelled:
		return &refusal{http.StatusServiceUnavailable, e}
	case string(fault.Internal):
		return &refusal{http.StatusInternalServerError, e}
	}
	return &refusal{http.StatusBadRequest, e}
}

// refuse answers a request that did not get as far as GraphQL.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, bad *refusal) {
	media := negotiate(r.Header.Values("Accept"))
	if media != typeResponse {
		media = typeJSON
	}
	if bad.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	s.answer(w, r, media, bad.status, &graphql.Response{Errors: gqlerror.List{bad.err}})
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, media string, status int, resp *graphql.Response) {
	if resp == nil { // the deadline passed before the execution began
		resp = &graphql.Response{Errors: gqlerror.List{s.faultError(r.Context(), context.DeadlineExceeded)}}
	}
	raw, err := encode(resp)
	if err != nil {
		status = http.StatusInternalServerError
		raw, _ = encode(&graphql.Response{Errors: gqlerror.List{s.faultError(r.Context(), err)}})
	}
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(status)
	_, _ = w.Write(raw) //nolint:gosec // JSON, sent as JSON with nosniff
}
