package customer

import "slices"

// KYCFilter restricts customers by what the due-diligence service says of them. A zero member restricts nothing.
type KYCFilter struct {
	State           []KYCState
	RiskClass       []RiskClass
	RequiresActions *bool
	ExpiresBefore   string // a day as YYYY-MM-DD
	// AnyOf says that one of the members that are given is enough; otherwise all have to hold.
	AnyOf bool
}

// criteria are the members that are given, each as a test of the value of its field as KYC.fields has it.
func (f *KYCFilter) criteria() map[Field]func(value string) bool {
	out := make(map[Field]func(string) bool)
	if f.State != nil {
		out["kyc.state"] = func(v string) bool { return slices.Contains(f.State, KYCState(v)) }
	}
	if f.RiskClass != nil {
		out[FieldKYCRiskClass] = func(v string) bool { return slices.Contains(f.RiskClass, RiskClass(v)) }
	}
	if f.RequiresActions != nil {
		out[FieldKYCRequiresActions] = func(v string) bool { return v == yesOrNo(*f.RequiresActions) }
	}
	if f.ExpiresBefore != "" {
		out[FieldKYCExpiresOn] = func(v string) bool { return v != "" && v < f.ExpiresBefore }
	}
	return out
}

// Fits says whether a status fits; every status fits a filter without members.
func (f *KYCFilter) Fits(k *KYC) bool {
	criteria, values := f.criteria(), k.fields()
	held := 0
	for field, holds := range criteria {
		if holds(values[field]) {
			held++
		}
	}
	return held == len(criteria) || f.AnyOf && held > 0
}

// TookOut says whether a change of the status may have taken its customer out of the set that the filter names: a value
// that the filter looks at fitted before, and does not now. Whoever follows the set would otherwise keep the customer for
// ever. It may say so of a customer that never was in the set because of another member.
func (f *KYCFilter) TookOut(changed []FieldChange) bool {
	criteria := f.criteria()
	return slices.ContainsFunc(changed, func(c FieldChange) bool {
		holds := criteria[c.Field]
		return holds != nil && holds(c.Before) && !holds(c.After)
	})
}

func yesOrNo(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
