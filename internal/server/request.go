package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"customerhub/internal/fault"
)

// refusal is an answer to a request that is no GraphQL request.
type refusal struct {
	status int
	err    *gqlerror.Error
}

// params are what a client asks to be executed.
type params struct {
	Query         *string         `json:"query"`
	OperationName *string         `json:"operationName"`
	Variables     json.RawMessage `json:"variables"`
	Extensions    json.RawMessage `json:"extensions"`
}

// decodeParams reads the parameters of a request. The error names what is wrong and repeats nothing of it.
func decodeParams(raw []byte) (*graphql.RawParams, *gqlerror.Error) {
	if !utf8.Valid(raw) {
		return nil, gqlError(codeBadRequest, "The request is not UTF-8.")
	}
	if first := bytes.TrimLeft(raw, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		if len(first) > 0 && first[0] == '[' {
			return nil, gqlError(codeBadRequest, "Several operations in one request are not supported: send an object with query.")
		}
		return nil, gqlError(codeBadRequest, "The request has to be a JSON object with query.")
	}
	var p params
	if err := json.Unmarshal(raw, &p); err != nil {
		if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return nil, gqlError(codeBadRequest, "%s has to be a string.", t.Field)
		}
		return nil, gqlError(codeBadRequest, "The request is not valid JSON.")
	}
	if p.Query == nil || strings.TrimSpace(*p.Query) == "" {
		return nil, gqlError(codeBadRequest, "query is missing: it holds the GraphQL document.")
	}
	out := &graphql.RawParams{Query: *p.Query}
	if p.OperationName != nil {
		out.OperationName = *p.OperationName
	}
	var ok bool
	if out.Variables, ok = decodeObject(p.Variables); !ok {
		return nil, gqlError(codeBadRequest, "variables has to be an object.")
	}
	if out.Extensions, ok = decodeObject(p.Extensions); !ok {
		return nil, gqlError(codeBadRequest, "extensions has to be an object.")
	}
	return out, nil
}

// decodeObject reads an object, keeping numbers as they are written. Absent and null are no object and fine.
func decodeObject(raw json.RawMessage) (out map[string]any, ok bool) {
	if len(raw) == 0 {
		return nil, true
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return out, d.Decode(&out) == nil
}

// readBody reads the parameters from a POST request.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.o.Limits.BodyBytes))
	if _, big := errors.AsType[*http.MaxBytesError](err); big {
		e := gqlError(string(fault.LimitExceeded), "The request is bigger than %d bytes, which is the limit.", s.o.Limits.BodyBytes)
		return nil, &refusal{http.StatusRequestEntityTooLarge, e}
	}
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, gqlError(codeBadRequest, "The request could not be read to its end.")}
	}
	p, bad := decodeParams(raw)
	if bad != nil {
		return nil, &refusal{http.StatusBadRequest, bad}
	}
	p.Headers = r.Header
	return p, nil
}

// isJSON says whether the body is JSON in UTF-8. Of all media types a page of another origin may send without asking
// first, none passes here; that is the protection against forged requests.
func isJSON(r *http.Request) bool {
	media, args, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return false
	}
	charset, given := args["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}

// Media types of answers.
const (
	typeJSON     = "application/json"
	typeResponse = "application/graphql-response+json"
	typeEvents   = "text/event-stream"
)

// negotiate chooses the media type of the answer; empty when the client takes none of them. Who does not say gets
// application/json.
func negotiate(accept []string) string {
	best, quality := "", 0.0
	all := strings.Join(accept, ",")
	if strings.TrimSpace(all) == "" {
		return typeJSON
	}
	for part := range strings.SplitSeq(all, ",") {
		media, args, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		var offer string
		switch media {
		case typeJSON, "application/*", "*/*":
			offer = typeJSON
		case typeResponse, typeEvents:
			offer = media
		default:
			continue
		}
		q := 1.0
		if given, ok := args["q"]; ok {
			if f, err := strconv.ParseFloat(given, 64); err == nil {
				q = f
			}
		}
		if q > quality {
			best, quality = offer, q
		}
	}
	return best
}
