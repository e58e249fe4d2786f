package graph

import (
	"customerhub/graph/model"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/run"
	"customerhub/internal/system"
)

// noun is the type that a global id says it is of.
type noun = model.Noun

const (
	nounCustomer = model.NounCustomer
	nounOffice   = model.NounOffice
	nounPerson   = model.NounPerson
	nounSystem   = model.NounSystem
	nounLink     = model.NounLink
	nounProposal = model.NounProposal
	nounRun      = model.NounRun
	nounFinding  = model.NounFinding
	nounPlan     = model.NounPlan
	nounMerge    = model.NounMerge
	nounCert     = model.NounCertificate
	nounKey      = model.NounKey
)

func globalID[T ~string](n noun, id T) string { return model.GlobalID(n, id) }

func isUUID(s string) bool { return model.IsUUID(s) }

// parseID takes a global id apart. The fault is NotFound: to a client, an id that nobody issued is an id of nothing.
func parseID(s string) (noun, string, error) {
	n, id, ok := model.ParseGlobalID(s)
	if !ok {
		return "", "", fault.New(fault.NotFound, "This is not an id of the hub. Ids are opaque: send one back exactly as it was received.")
	}
	return n, id, nil
}

// parseAs takes a global id apart that has to be of the type.
func parseAs[T ~string](n noun, s string) (T, error) {
	got, id, err := parseID(s)
	if err != nil {
		return "", err
	}
	if got != n {
		return "", fault.New(fault.NotFound, "This is the id of a %s; the id of a %s is needed here.", got, n)
	}
	return T(id), nil
}

func parseCustomerID(s string) (customer.ID, error) { return parseAs[customer.ID](nounCustomer, s) }
func parseOfficeID(s string) (customer.OfficeID, error) {
	return parseAs[customer.OfficeID](nounOffice, s)
}

func parsePersonID(s string) (customer.PersonID, error) {
	return parseAs[customer.PersonID](nounPerson, s)
}

func parseLinkID(s string) (link.ID, error)     { return parseAs[link.ID](nounLink, s) }
func parseSystemID(s string) (system.ID, error) { return parseAs[system.ID](nounSystem, s) }
func parseRunID(s string) (run.ID, error)       { return parseAs[run.ID](nounRun, s) }
