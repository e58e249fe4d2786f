package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"customerhub/internal/fault"
)

// documents parses, checks and validates documents, and remembers the good ones.
type documents struct {
	schema        *ast.Schema
	limits        Limits
	introspection bool
	suggest       bool
	cache         *lru.Cache[string, *document]
}

// document is a good one.
type document struct {
	*ast.QueryDocument
	members []string // see memberVariables
}

// Memory is bounded by both: a document takes some ten times its text.
const (
	cachedDocuments = 256
	cachedBytes     = 16 << 10
	shownErrors     = 20
)

func newDocuments(schema *ast.Schema, l Limits, introspection, suggest bool) *documents {
	cache, _ := lru.New[string, *document](cachedDocuments) // fails for a size below one only
	return &documents{schema: schema, limits: l, introspection: introspection, suggest: suggest, cache: cache}
}

// get gives the document of a text, or why there is none. The document is shared and must not be changed.
func (d *documents) get(text string) (*document, gqlerror.List) {
	if len(text) > d.limits.QueryBytes {
		return nil, gqlerror.List{limitError("The document is too long in bytes", d.limits.QueryBytes, len(text))}
	}
	if doc, ok := d.cache.Get(text); ok {
		return doc, nil
	}
	parsed, errs := d.read(text)
	if errs != nil {
		return nil, errs
	}
	doc := &document{QueryDocument: parsed, members: memberVariables(parsed)}
	if len(text) <= cachedBytes {
		d.cache.Add(text, doc)
	}
	return doc, nil
}

// forVariables is the document as these variables make it: itself, or a copy of its own without the members whose
// variables are absent.
func (d *documents) forVariables(doc *document, text string, given map[string]any) *ast.QueryDocument {
	absent := func(name string) bool {
		_, ok := given[name]
		return !ok
	}
	if !slices.ContainsFunc(doc.members, absent) {
		return doc.QueryDocument
	}
	own, errs := d.read(text)
	if errs != nil {
		return doc.QueryDocument // it was good a moment ago
	}
	dropAbsentMembers(own, given)
	return own
}

func (d *documents) read(text string) (*ast.QueryDocument, gqlerror.List) {
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, d.limits.Tokens)
	if err != nil {
		return nil, gqlerror.List{d.parseError(err)}
	}
	if len(doc.Operations) == 0 {
		return nil, gqlerror.List{gqlError(codeInvalidQuery, "The document has no operation.")}
	}
	if err := checkShape(doc, d.limits); err != nil {
		return nil, gqlerror.List{err}
	}
	dropRepeats(doc)
	if err := checkNumbers(doc); err != nil {
		return nil, gqlerror.List{err}
	}
	if !d.introspection {
		if err := refuseIntrospection(doc); err != nil {
			return nil, gqlerror.List{err}
		}
	}
	errs := validator.ValidateWithRules(d.schema, doc, rules.NewDefaultRules())
	if len(errs) == 0 {
		return doc, nil
	}
	if n := len(errs); n > shownErrors {
		errs = append(errs[:shownErrors:shownErrors], gqlError(codeInvalidQuery, "There are %d more errors.", n-shownErrors))
	}
	for _, e := range errs {
		d.mark(e, codeInvalidQuery)
	}
	return nil, errs
}

// mark gives an error of the parser or validator a code, and takes suggestions away where they are not wanted.
func (d *documents) mark(e *gqlerror.Error, code string) {
	if codeOf(e) == "" {
		e.Extensions = map[string]any{"code": code}
	}
	if !d.suggest {
		e.Message = withoutSuggestion(e.Message)
	}
}

func (d *documents) parseError(err error) *gqlerror.Error {
	e, ok := errors.AsType[*gqlerror.Error](err)
	if !ok {
		return gqlError(codeParseFailed, "The document cannot be read.")
	}
	// The parser has no other sign for this one than its words.
	if strings.Contains(e.Message, "exceeded token limit") {
		out := gqlError(string(fault.LimitExceeded), "The document has more than %d tokens, which is the limit.", d.limits.Tokens)
		out.Extensions["limit"] = d.limits.Tokens
		return out
	}
	d.mark(e, codeParseFailed)
	return e
}

// preparedDocuments hands the executor the document that get made for the same request; the executor then neither parses
// nor validates.
type preparedDocuments struct{}

type documentKey struct{}

func withDocument(ctx context.Context, doc *ast.QueryDocument) context.Context {
	return context.WithValue(ctx, documentKey{}, doc)
}

// Get implements graphql.Cache.
func (preparedDocuments) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	doc, ok := ctx.Value(documentKey{}).(*ast.QueryDocument)
	return doc, ok
}

// Add implements graphql.Cache.
func (preparedDocuments) Add(context.Context, string, *ast.QueryDocument) {}

// operation finds the one to run.
func operation(doc *ast.QueryDocument, name string) (*ast.OperationDefinition, *gqlerror.Error) {
	if op := doc.Operations.ForName(name); op != nil {
		return op, nil
	}
	message := "The document has several operations: say with operationName which one to run."
	if name != "" {
		message = fmt.Sprintf("The document has no operation of the name %q.", name)
	}
	return nil, gqlError(codeInvalidQuery, "%s", message)
}
