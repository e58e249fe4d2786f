package graph

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"customerhub/graph/model"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
)

// notOfMutations are reasons of faults that no mutation has: those of lists, of the log of changes and of operator commands.
var notOfMutations = []string{
	"PAGE_SIZE", "PAGE_INVALID", "CURSOR_INVALID", "SNAPSHOT_REQUIRED", "MOMENT_NOT_KEPT", "MOMENT_TO_COME", "ORGANISATION_REQUIRED", "ORGANISATION_UNREACHABLE",
}

// ofFormats are the codes with which package finnish refuses what a person writes (contracts, finnish-formats.md).
var ofFormats = []finnish.Code{
	finnish.BusinessIDFormat, finnish.BusinessIDAmbiguous, finnish.BusinessIDReserved, finnish.BusinessIDCheckDigit, finnish.PersonalIdentityCode,
	finnish.EInvoiceAddressFormat, finnish.EInvoiceFieldsSwapped, finnish.OVTFormat, finnish.OVTCheckDigit, finnish.OVTPrefixLost,
	finnish.IBANFormat, finnish.IBANCheckDigits, finnish.OperatorFormat, finnish.OperatorCheckDigit, finnish.PeppolFormat,
	finnish.PeppolSchemeUnknown, finnish.PeppolSchemeRemoved, finnish.PeppolIdentifierFormat,
}

// TestUserErrorCodes holds UserErrorCode to what the hub says: every reason that a mutation can fail for is in it, so that a
// client never sees INVALID for want of a better word, and nothing is in it that no line of the hub gives.
func TestUserErrorCodes(t *testing.T) {
	t.Parallel()
	given := map[string]string{string(fault.Invalid): "the code of a fault without a reason"}
	for code := range byFault {
		given[string(code)] = "the code of a fault"
	}
	given[string(model.UserErrorCodeStaleVersion)] = "the code of a fault"
	for _, code := range ofFormats {
		given[string(code)] = "package finnish"
	}
	for reason, where := range reasons(t, "../graph", "../internal/hub", "../internal/store", "../internal/customer", "../internal/system", "../internal/connector") {
		if slices.Contains(notOfMutations, reason) {
			continue
		}
		if !model.UserErrorCode(reason).IsValid() {
			t.Errorf("UserErrorCode lacks %s of %s", reason, where)
		}
		given[reason] = where
	}
	for _, code := range model.AllUserErrorCode {
		if given[string(code)] == "" {
			t.Errorf("nothing gives %s", code)
		}
	}
	t.Logf("%d codes", len(model.AllUserErrorCode))
}

// reasons reads from the source which reasons faults are made for, and where.
func reasons(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, folder := range folders {
		paths, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "generated.go" {
				continue
			}
			f, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, f)
		}
	}
	constants, out := make(map[string]string), make(map[string]string)
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == len(spec.Values) {
				for i, name := range spec.Names {
					if s, ok := literal(spec.Values[i]); ok {
						constants[name.Name] = s
					}
				}
			}
			return true
		})
	}
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !names(call.Fun, "Because", "fromIssue") || len(call.Args) < 2 {
				return true
			}
			reason, ok := literal(call.Args[1])
			if !ok {
				reason, ok = constants[nameOf(call.Args[1])]
			}
			if ok && reason != "" { // what is passed on has its reason elsewhere
				out[reason] = files.Position(call.Pos()).String()
			}
			return true
		})
	}
	if len(out) < 30 {
		t.Fatalf("only %d reasons were found", len(out))
	}
	return out
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func names(e ast.Expr, either ...string) bool { return slices.Contains(either, nameOf(e)) }
