package finnish

import (
	_ "embed"
	"strings"
	"sync"
)

// Operator is the code of an e-invoice operator (välittäjä) in canonical form: upper case, without spaces. The empty
// string means that there is none.
type Operator string

// OperatorKind says what sort of company an operator is.
type OperatorKind string

// Kinds of operator.
const (
	OperatorKindOperator OperatorKind = "operator"
	OperatorKindBank     OperatorKind = "bank"
	// OperatorKindTest marks codes that only sample material uses.
	OperatorKindTest OperatorKind = "test"
)

// OperatorInfo is what the built-in table knows of an operator.
type OperatorInfo struct {
	// Code is the operator's usual code. One operator may have several; an alias is not wrong.
	Code Operator
	Name string
	Kind OperatorKind
	// Aliases are its other codes.
	Aliases []Operator
	// Note says for instance an earlier name, or that the operator is no longer active. Often empty.
	Note string
}

//go:embed operators.tsv
var operatorsTSV string

// operatorTable is the built-in list, parsed.
type operatorTable struct {
	rows []OperatorInfo
	// byCode knows codes and aliases; misspelt knows what people write instead.
	byCode, misspelt map[Operator]int
}

var operators = sync.OnceValue(func() operatorTable {
	t := operatorTable{byCode: map[Operator]int{}, misspelt: map[Operator]int{}}
	header := true
	for line := range strings.Lines(operatorsTSV) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if header {
			header = false
			continue
		}
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		row := OperatorInfo{Code: Operator(f[0]), Name: f[1], Kind: OperatorKind(f[2]), Note: f[5]}
		at := len(t.rows)
		t.byCode[row.Code] = at
		for alias := range strings.SplitSeq(f[3], ",") {
			if alias != "" {
				row.Aliases = append(row.Aliases, Operator(alias))
				t.byCode[Operator(alias)] = at
			}
		}
		for wrong := range strings.SplitSeq(f[4], ",") {
			if wrong != "" {
				t.misspelt[Operator(wrong)] = at
			}
		}
		t.rows = append(t.rows, row)
	}
	return t
})

// Operators returns the built-in table, operators first, then banks, then test codes. The caller owns the slice but not
// the aliases in it.
func Operators() []OperatorInfo { return append([]OperatorInfo(nil), operators().rows...) }

// LookUpOperator finds an operator by one of its codes, in any case and with any spaces. A misspelling is not found.
func LookUpOperator(code string) (OperatorInfo, bool) {
	t := operators()
	at, ok := t.byCode[Operator(upperASCII(compact(code)))]
	if !ok {
		return OperatorInfo{}, false
	}
	return t.rows[at], true
}

// ParseOperator returns the canonical form of an operator's code (section 4). Known misspellings and free text after a
// known code are corrected with a warning ([OperatorCorrected]); a code that the table lacks is kept with a warning
// ([OperatorUnknown]); a code in the form of an OVT code has to have the right check digit ([OperatorCheckDigit], refused)
// and anything but letters, digits and -_. is refused ([OperatorFormat]). An alias is kept as it is, and no operator is
// ever exchanged for another: a receiver may need different ones by network.
func ParseOperator(s string) (Operator, Issues) {
	t := operators()
	code := Operator(upperASCII(compact(s)))
	if _, ok := t.byCode[code]; ok {
		return code, normalised(s, string(code))
	}
	if at, ok := t.misspelt[code]; ok {
		return t.rows[at].Code, Issues{warn(OperatorCorrected, "The operator's code was misspelt and has been corrected.")}
	}
	// "003714377140 Enfo", also with the code itself in groups: the longest known beginning counts.
	words := strings.Fields(s)
	for n := len(words) - 1; n > 0; n-- {
		head := Operator(upperASCII(compact(strings.Join(words[:n], ""))))
		at, misspelt := t.misspelt[head]
		if misspelt {
			head = t.rows[at].Code
		}
		if _, ok := t.byCode[head]; ok {
			return head, Issues{warn(OperatorCorrected, "Text after the operator's code has been dropped.")}
		}
	}
	v := string(code)
	if len(v) > 35 || !all(v, func(c byte) bool { return isDigit(c) || isUpper(c) || c == '-' || c == '_' || c == '.' }) {
		return "", Issues{reject(OperatorFormat, "An operator's code has 1 to 35 letters, digits and -_.")}
	}
	if ovtShape(v) && !checkDigitFits(v[4:12]) {
		return "", Issues{reject(OperatorCheckDigit, "The check digit in the operator's code does not fit.")}
	}
	return code, append(normalised(s, v), warn(OperatorUnknown, "The operator's code is not in the list of known operators."))
}
