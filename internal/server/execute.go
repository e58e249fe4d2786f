package server

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"customerhub/graph"
	"customerhub/internal/auth"
	"customerhub/internal/fault"
)

// execution is one operation on its way: checked, and ready to run.
type execution struct {
	s       *Server
	ctx     context.Context
	cancel  context.CancelFunc
	op      *graphql.OperationContext
	failure *graph.Failure
	next    graphql.ResponseHandler
}

// prepare checks an operation for the viewer. Whoever gets an execution has to call its end.
func (s *Server) prepare(ctx context.Context, v auth.Viewer, p *graphql.RawParams) (out *execution, refused gqlerror.List) {
	ctx = withReports(auth.WithViewer(ctx, v))
	defer func() { // libraries panic on documents that nobody thought of, and a WebSocket has nobody above to catch it
		if v := recover(); v != nil {
			out, refused = nil, gqlerror.List{s.present(ctx, recovered(ctx, v))}
		}
	}()
	doc, errs := s.documents.get(p.Query)
	if errs != nil {
		return nil, errs
	}
	if _, bad := operation(doc.QueryDocument, p.OperationName); bad != nil {
		return nil, gqlerror.List{bad}
	}
	ctx = graphql.StartOperationTrace(withDocument(ctx, doc.QueryDocument))
	p.ReadTime = graphql.TraceTiming{Start: graphql.Now(), End: graphql.Now()}
	op, errs := s.exec.CreateOperationContext(ctx, p)
	if errs != nil {
		for _, e := range errs {
			s.documents.mark(e, codeInvalidQuery)
		}
		return nil, errs
	}
	if bad := checkNulls(op.Operation, op.Variables); bad != nil {
		return nil, gqlerror.List{bad}
	}
	op.Doc = s.documents.forVariables(doc, p.Query, op.Variables)
	op.Operation = op.Doc.Operations.ForName(p.OperationName)
	op.DisableIntrospection = !s.documents.introspection
	if c := costOf(op.Operation, op.Variables); c > s.o.Limits.Cost {
		return nil, gqlerror.List{limitError("Cost of the operation, which is about the number of fields in its answer", s.o.Limits.Cost, c)}
	}
	e := &execution{s: s, op: op}
	ctx, e.failure = graph.WithFailure(graphql.WithOperationContext(ctx, op))
	if e.streams() {
		e.ctx, e.cancel = context.WithCancel(ctx)
	} else {
		e.ctx, e.cancel = context.WithTimeout(ctx, s.o.Times.Operation)
	}
	return e, nil
}

// streams says whether the operation answers more than once.
func (e *execution) streams() bool { return e.op.Operation.Operation == ast.Subscription }

// response runs the operation and gives its answer; nil when a subscription has no more. Nothing of a panic comes out.
func (e *execution) response() (resp *graphql.Response) {
	defer func() {
		if v := recover(); v != nil {
			resp = &graphql.Response{Errors: gqlerror.List{e.s.present(e.ctx, recovered(e.ctx, v))}}
		}
	}()
	if e.next == nil {
		e.next, e.ctx = e.s.exec.DispatchOperation(e.ctx, e.op)
	}
	return e.next(e.ctx)
}

// failed is why a subscription ended before its time; nil when it simply ended.
func (e *execution) failed() gqlerror.List {
	if err := e.failure.Err(); err != nil {
		return gqlerror.List{e.s.present(e.ctx, err)}
	}
	return nil
}

func (e *execution) end() { e.cancel() }

// faultError shows a fault that came up before any execution.
func (s *Server) faultError(ctx context.Context, err error) *gqlerror.Error {
	return s.present(withReports(ctx), err)
}

// isAccess says whether the error is about who asks, and not about what.
func isAccess(err error) bool {
	return fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Forbidden)
}

// encode writes an answer as JSON. The data is written as it came out of the execution; a request error has no data at
// all, which is not the same as null.
func encode(r *graphql.Response) ([]byte, error) {
	out := make([]byte, 0, len(r.Data)+256)
	out = append(out, '{')
	add := func(name string, raw []byte) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), name...), '"', ':')
		out = append(out, raw...)
	}
	if len(r.Errors) > 0 {
		raw, err := json.Marshal(r.Errors)
		if err != nil {
			return nil, err
		}
		add("errors", raw)
	}
	if len(r.Data) > 0 {
		add("data", r.Data)
	}
	if len(r.Extensions) > 0 {
		raw, err := json.Marshal(r.Extensions)
		if err != nil {
			return nil, err
		}
		add("extensions", raw)
	}
	if len(out) == 1 {
		return nil, errors.New("an answer without data and errors")
	}
	return append(out, '}'), nil
}
