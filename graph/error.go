package graph

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/run"
)

// at says where in the arguments of a field the fault lies.
func at(err error, path ...string) error {
	if f := fault.Of(err); f != nil {
		return f.At(path...)
	}
	return err
}

// withCandidates names the customers that fit an ambiguous look-up by their global ids.
func withCandidates(err error) error {
	f := fault.Of(err)
	if f == nil || f.Code != fault.Ambiguous {
		return err
	}
	ids := each(customerIDs(f.Details["candidates"]), func(id customer.ID) string { return globalID(nounCustomer, id) })
	return &gqlerror.Error{Err: f.At("by"), Message: f.Message, Extensions: map[string]any{"candidates": ids}}
}

func customerIDs(joined string) []customer.ID {
	var out []customer.ID
	for id := range strings.SplitSeq(joined, ",") {
		if id = strings.TrimSpace(id); id != "" {
			out = append(out, customer.ID(id))
		}
	}
	return out
}

// userErrors turns what a command says into the failures that the caller can mend, or into the error that it is
// otherwise. Paths of the command lie below prefix, unless they begin with a member of the input itself.
func userErrors(err error, prefix ...string) ([]*model.UserError, error) {
	if err == nil {
		return []*model.UserError{}, nil
	}
	faults, ok := errors.AsType[fault.Errors](err)
	if !ok {
		f := fault.Of(err)
		if f == nil {
			return nil, err
		}
		faults = fault.Errors{f}
	}
	for _, f := range faults {
		if !f.CodeOrInternal().UserFacing() {
			return nil, err
		}
	}
	return each(faults, func(f *fault.Error) *model.UserError {
		return &model.UserError{Code: userErrorCode(f), Message: f.Message, Path: inputPath(f.Path, prefix), Details: toDetails(f)}
	}), nil
}

// moved renames where faults lie: what the hub calls by one name, an input may call by another, or hold deeper inside. move
// gives the input's path; nil keeps the hub's.
func moved(err error, move func(*fault.Error) []string) error {
	if faults, ok := errors.AsType[fault.Errors](err); ok {
		out := make(fault.Errors, len(faults))
		for i, f := range faults {
			out[i] = movedOne(f, move)
		}
		return out
	}
	if f := fault.Of(err); f != nil && f.CodeOrInternal().UserFacing() {
		return movedOne(f, move)
	}
	return err
}

func movedOne(f *fault.Error, move func(*fault.Error) []string) *fault.Error {
	if path := move(f); path != nil {
		return f.At(path...)
	}
	return f
}

// ofCustomer is the move of inputs that name the customer, which the hub calls the id, as customerId.
func ofCustomer(f *fault.Error) []string {
	if slices.Equal(f.Path, []string{"id"}) {
		return []string{"customerId"}
	}
	return nil
}

// ownMembers stand in the input itself and not in its patch.
var ownMembers = []string{"id", "customerId", "officeId", "personId", "system", "expectedVersion", "idempotencyKey"}

func inputPath(path, prefix []string) []string {
	if len(path) > 0 && slices.Contains(ownMembers, path[0]) {
		prefix = prefix[:1]
	}
	return slices.Concat(prefix, path)
}

// byFault is the code of a failure whose reason the schema does not know.
var byFault = map[fault.Code]model.UserErrorCode{
	fault.NotFound: model.UserErrorCodeNotFound, fault.Stale: model.UserErrorCodeStaleVersion,
	fault.Duplicate: model.UserErrorCodeDuplicate, fault.Ambiguous: model.UserErrorCodeAmbiguous,
}

func userErrorCode(f *fault.Error) model.UserErrorCode {
	if c := model.UserErrorCode(f.ReasonOrCode()); c.IsValid() {
		return c
	}
	if c, ok := byFault[f.Code]; ok {
		return c
	}
	return model.UserErrorCodeInvalid
}

func toDetails(f *fault.Error) *model.UserErrorDetails {
	if len(f.Details) == 0 {
		return nil
	}
	out := &model.UserErrorDetails{Facts: []*model.Fact{}}
	for _, name := range sortedKeys(f.Details) {
		v := f.Details[name]
		switch name {
		case "currentVersion":
			if n, err := strconv.Atoi(v); err == nil {
				out.CurrentVersion = &n
			}
		case "fields", "changedFields":
			out.ChangedFields = each(strings.Split(v, ","), func(name string) string { return fieldName(customer.Field(name)) })
		case "holder":
			if userErrorCode(f) == model.UserErrorCodeKycContactTaken {
				out.PersonID = customer.PersonID(v)
			} else {
				out.HolderID = customer.ID(v)
			}
		case "candidates":
			out.CandidateIDs = customerIDs(v)
		case "run":
			out.RunID = run.ID(v)
		default:
			out.Facts = append(out.Facts, &model.Fact{Name: name, Value: v})
		}
	}
	return out
}

// Holder resolves UserErrorDetails.holder.
func (r details) Holder(ctx context.Context, d *model.UserErrorDetails) (*model.Customer, error) {
	return loadCustomer(ctx, d.HolderID, customerRelations(ctx))
}

// Person resolves UserErrorDetails.person.
func (r details) Person(ctx context.Context, d *model.UserErrorDetails) (*model.Person, error) {
	if d.PersonID == "" {
		return nil, nil
	}
	p, ok, err := found(load(ctx).people.Load(ctx, d.PersonID))
	if err != nil || !ok {
		return nil, err
	}
	return toPerson(auth.ViewerFrom(ctx), p), nil
}

// Run resolves UserErrorDetails.run.
func (r details) Run(ctx context.Context, d *model.UserErrorDetails) (*model.Run, error) {
	if d.RunID == "" {
		return nil, nil
	}
	return loadRun(ctx, d.RunID)
}

// Candidates resolves UserErrorDetails.candidates.
func (r details) Candidates(ctx context.Context, d *model.UserErrorDetails) ([]*model.Customer, error) {
	if len(d.CandidateIDs) == 0 {
		return nil, nil
	}
	with := customerRelations(ctx)
	out := make([]*model.Customer, len(d.CandidateIDs))
	errs := make([]error, len(d.CandidateIDs))
	var wg sync.WaitGroup
	for i, id := range d.CandidateIDs {
		wg.Go(func() { out[i], errs[i] = loadCustomer(ctx, id, with) })
	}
	wg.Wait()
	out = slices.DeleteFunc(out, func(c *model.Customer) bool { return c == nil })
	return out, errors.Join(errs...)
}
