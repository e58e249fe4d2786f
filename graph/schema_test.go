package graph

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"customerhub/graph/model"
	"customerhub/internal/advice"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/finding"
)

// TestDescriptions holds the schema to its promise that everything is described, beginning with a whole sentence.
func TestDescriptions(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, what, description string) {
		t.Helper()
		first, rest, more := strings.Cut(description, "\n\n")
		first = strings.TrimSpace(first)
		switch {
		case first == "":
			t.Errorf("%s is not described", what)
		case !strings.HasSuffix(first, ".") || strings.ToUpper(first[:1]) != first[:1]:
			t.Errorf("%s: %q is not a whole sentence", what, first)
		case more && strings.TrimSpace(rest) == "":
			t.Errorf("%s: nothing follows the first sentence", what)
		}
	}
	for _, d := range New(Options{}).Schema().Schema().Types {
		if d.BuiltIn {
			continue
		}
		check(t, d.Name, d.Description)
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			check(t, d.Name+"."+f.Name, f.Description)
			for _, a := range f.Arguments {
				check(t, d.Name+"."+f.Name+"("+a.Name+")", a.Description)
			}
		}
		for _, v := range d.EnumValues {
			check(t, d.Name+"."+v.Name, v.Description)
		}
	}
}

// TestFindingCodes holds that each code of findings is in the schema and says there what the table says, and that the other way
// round nothing is told of but what has a row.
func TestFindingCodes(t *testing.T) {
	t.Parallel()
	s := New(Options{}).Schema().Schema()
	of := s.Types["FindingCode"].EnumValues
	for _, r := range finding.Table {
		said := of.ForName(string(r.Code))
		if said == nil {
			t.Errorf("%s is not in the schema", r.Code)
		} else if means := r.Means.With().In(advice.English); !strings.HasPrefix(strings.Join(strings.Fields(said.Description), " "), means) {
			t.Errorf("%s is described as %q, and the table says %q", r.Code, said.Description, means)
		}
	}
	for _, v := range of {
		if finding.RowOf(finding.Code(v.Name)) == nil && v.Name != string(model.FindingCodeUnknown) {
			t.Errorf("%s has no row in the table", v.Name)
		}
	}
	for _, w := range advice.Whos {
		if s.Types["FixBy"].EnumValues.ForName(string(w)) == nil {
			t.Errorf("%s is not in the schema", w)
		}
	}
	for _, l := range advice.Languages {
		if s.Types["Language"].EnumValues.ForName(string(l)) == nil {
			t.Errorf("%s is not in the schema", l)
		}
	}
}

// TestConventions holds mutations and lists to their shapes.
func TestConventions(t *testing.T) {
	t.Parallel()
	s := New(Options{}).Schema().Schema()
	for _, f := range s.Mutation.Fields {
		name := strings.ToUpper(f.Name[:1]) + f.Name[1:]
		if len(f.Arguments) != 1 || f.Arguments[0].Type.String() != name+"Input!" || f.Type.String() != name+"Payload!" {
			t.Errorf("%s is not %s(input: %sInput!): %sPayload!", f.Name, f.Name, name, name)
			continue
		}
		if s.Types[name+"Input"].Fields.ForName("idempotencyKey") == nil {
			t.Errorf("%sInput has no idempotencyKey", name)
		}
		if !slices.Contains(s.Types[name+"Payload"].Interfaces, "UserErrors") {
			t.Errorf("%sPayload does not implement UserErrors", name)
		}
	}
	for _, d := range s.Types {
		if !strings.HasSuffix(d.Name, "Connection") {
			continue
		}
		for _, name := range []string{"edges", "nodes", "pageInfo", "totalCount"} {
			if d.Fields.ForName(name) == nil {
				t.Errorf("%s has no %s", d.Name, name)
			}
		}
	}
	for _, d := range s.Types {
		for _, directive := range d.Directives {
			if directive.Name != "specifiedBy" {
				t.Errorf("%s carries @%s: what configures the generator belongs into gqlgen.yml", d.Name, directive.Name)
			}
		}
	}
}

// TestEnumsCoverTheNouns keeps values of the nouns from reaching clients that the schema does not know.
func TestEnumsCoverTheNouns(t *testing.T) {
	t.Parallel()
	for _, kind := range customer.AddressKinds {
		if !model.AddressKind(kind).IsValid() {
			t.Errorf("AddressKind lacks %s", kind)
		}
	}
	for _, k := range []customer.EInvoiceKind{customer.OVT, customer.IBAN, customer.NetServiceID, customer.Peppol, customer.OtherKind} {
		if !model.EInvoiceKind(k).IsValid() {
			t.Errorf("EInvoiceKind lacks %s", k)
		}
	}
	for _, s := range customer.KYCStates {
		if !model.KycState(s).IsValid() {
			t.Errorf("KycState lacks %s", s)
		}
	}
	for _, r := range []customer.RiskClass{customer.RiskUnknown, customer.RiskLow, customer.RiskStandard, customer.RiskHigh} {
		if !model.RiskClass(r).IsValid() {
			t.Errorf("RiskClass lacks %s", r)
		}
	}
	for _, f := range []customer.CustomFieldType{customer.DateField, customer.DecimalField, customer.TextField, customer.EnumField} {
		if !model.CustomFieldType(f).IsValid() {
			t.Errorf("CustomFieldType lacks %s", f)
		}
	}
	for _, s := range []customer.CustomFieldState{customer.CustomFieldActive, customer.CustomFieldInactive, customer.CustomFieldUnmapped} {
		if !model.CustomFieldState(s).IsValid() {
			t.Errorf("CustomFieldState lacks %s", s)
		}
	}
	for _, k := range []customer.ResponsibleKind{customer.ResponsibleUser, customer.ResponsibleTeam} {
		if !model.ResponsibleKind(k).IsValid() {
			t.Errorf("ResponsibleKind lacks %s", k)
		}
	}
	for _, s := range finding.Severities {
		if !model.FindingSeverity(s).IsValid() {
			t.Errorf("FindingSeverity lacks %s", s)
		}
	}
	for _, k := range []change.Kind{
		change.CustomerCreated, change.CustomerUpdated, change.CustomerDeactivated, change.CustomerReactivated, change.KYCStatusChanged, change.KYCExpiryNear,
		change.SystemCreated, change.SystemUpdated, change.FindingRaised, change.FindingResolved,
	} {
		if !model.ChangeKind(k).IsValid() {
			t.Errorf("ChangeKind lacks %s", k)
		}
	}
}

func TestGlobalIDs(t *testing.T) {
	t.Parallel()
	const id = "018f3c7e-5b7a-7c3e-9d2a-3f1b2c4d5e6f"
	t.Run("OneThatWasIssuedIsRead", func(t *testing.T) {
		for n := range map[noun]bool{nounCustomer: true, nounOffice: true, nounPerson: true, nounSystem: true, nounLink: true, nounRun: true} {
			gotNoun, gotID, err := parseID(globalID(n, id))
			if err != nil || gotNoun != n || gotID != id {
				t.Errorf("%s: got %s, %s, %v", n, gotNoun, gotID, err)
			}
		}
	})
	good := globalID(nounCustomer, id)
	for name, s := range map[string]string{
		"EmptyIsRefused":                    "",
		"AWordIsRefused":                    "customer",
		"ABareUUIDIsRefused":                id,
		"AnUnknownTypeIsRefused":            globalID(noun("Invoice"), id),
		"NoUUIDIsRefused":                   globalID(nounCustomer, "1"),
		"UpperCaseIsRefused":                globalID(nounCustomer, strings.ToUpper(id)),
		"ATrailingByteIsRefused":            good + "A",
		"PaddingIsRefused":                  good + "=",
		"ASpaceIsRefused":                   " " + good,
		"ALineBreakIsRefused":               good[:10] + "\n" + good[10:],
		"AnotherSpellingOfItsBitsIsRefused": good[:len(good)-1] + "z",
	} {
		t.Run(name, func(t *testing.T) {
			if n, got, err := parseID(s); err == nil {
				t.Errorf("read as %s %s", n, got)
			}
		})
	}
	t.Run("AnotherTypeIsRefusedByName", func(t *testing.T) {
		_, err := parseSystemID(good)
		if err == nil || !strings.Contains(err.Error(), "Customer") || !strings.Contains(err.Error(), "System") {
			t.Errorf("got %v", err)
		}
	})
}

// freeText are fields of words or of whatever somebody chose, of which one is like any other.
var freeText = []string{
	"message", "reason", "notes", "value", "text", "trying", "sample", "before", "after", "requiresActionsReasons", "idempotencyKey",
}

// TestExamples holds the schema to examples: whoever reads of a value sees one, where values have a form.
func TestExamples(t *testing.T) {
	t.Parallel()
	check := func(what, name string, typ *ast.Type, description string) {
		switch typ.Name() {
		case "String", "Date", "Decimal", "BusinessID":
			if !slices.Contains(freeText, name) && !strings.Contains(description, "`") && !strings.Contains(description, "such as") {
				t.Errorf("%s has no example", what)
			}
		}
	}
	for _, d := range New(Options{}).Schema().Schema().Types {
		if d.BuiltIn {
			continue
		}
		if d.Kind == ast.Scalar && !strings.Contains(d.Description, "`") {
			t.Errorf("%s has no example", d.Name)
		}
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			check(d.Name+"."+f.Name, f.Name, f.Type, f.Description)
			for _, a := range f.Arguments {
				check(d.Name+"."+f.Name+"("+a.Name+")", a.Name, a.Type, a.Description)
			}
		}
	}
}

// TestDeprecations holds whatever is deprecated to the promise in README: it says what to use instead and until when it stays.
func TestDeprecations(t *testing.T) {
	t.Parallel()
	checkDeprecations(t, New(Options{}).Schema().Schema(), t.Errorf)
	t.Run("OneThatSaysTooLittleIsSeen", func(t *testing.T) {
		t.Parallel()
		for reason, good := range map[string]bool{
			"Use name; removed after 2027-01-31.": true, "Use name.": false, "removed after 2027-01-31": false, "Use name; removed after 2027-02-31.": false,
		} {
			schema := gqlparser.MustLoadSchema(&ast.Source{Input: `type Query { name: String  old: String @deprecated(reason: "` + reason + `") }`})
			seen := false
			checkDeprecations(t, schema, func(string, ...any) { seen = true })
			if seen == good {
				t.Errorf("%q: seen %v", reason, seen)
			}
		}
	})
}

var deprecation = regexp.MustCompile(`^Use .+; removed after (\d{4}-\d{2}-\d{2})\.$`)

func checkDeprecations(t *testing.T, schema *ast.Schema, fail func(format string, args ...any)) {
	t.Helper()
	check := func(what string, directives ast.DirectiveList) {
		d := directives.ForName("deprecated")
		if d == nil {
			return
		}
		arg := d.Arguments.ForName("reason")
		if arg == nil {
			fail("%s is deprecated without a reason", what)
			return
		}
		m := deprecation.FindStringSubmatch(arg.Value.Raw)
		if m == nil {
			fail("%s: %q does not read: Use …; removed after YYYY-MM-DD.", what, arg.Value.Raw)
			return
		}
		if _, err := time.Parse(time.DateOnly, m[1]); err != nil {
			fail("%s: %s is no day", what, m[1])
		}
	}
	for _, d := range schema.Types {
		for _, f := range d.Fields {
			check(d.Name+"."+f.Name, f.Directives)
			for _, a := range f.Arguments {
				check(d.Name+"."+f.Name+"("+a.Name+")", a.Directives)
			}
		}
		for _, v := range d.EnumValues {
			check(d.Name+"."+v.Name, v.Directives)
		}
	}
}
