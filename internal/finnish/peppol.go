package finnish

import "strings"

// peppolFinland is the only active Finnish scheme in the Peppol code list, whose values are OVT codes.
const peppolFinland = "0216"

// peppolRemoved are the Finnish schemes that the code list dropped at the end of 2024.
var peppolRemoved = map[string]bool{"0037": true, "0212": true, "0213": true, "0215": true}

// PeppolID is a Peppol participant identifier. The zero value means that there is none.
type PeppolID struct {
	// Scheme is the four digits of the identifier's kind: 0216 for Finland, 0088 GLN, 0060 DUNS, 0199 LEI.
	Scheme string
	// Value is the identifier within the scheme. A Finnish one has its own 0037 in front.
	Value string
}

// String returns scheme, colon, value: "0216:003715728600". It is empty for the zero value.
func (p PeppolID) String() string {
	if p == (PeppolID{}) {
		return ""
	}
	return p.Scheme + ":" + p.Value
}

// ParsePeppolID returns a Peppol participant identifier (section 5), with or without the leading
// "iso6523-actorid-upis::". Of the Finnish schemes only 0216 is active; a removed one is rewritten to it when its value
// contains a valid business ID ([PeppolSchemeMigrated], a warning) and refused otherwise ([PeppolSchemeRemoved]). The
// other refusals are [PeppolFormat], [PeppolSchemeUnknown] and [PeppolIdentifierFormat].
func ParsePeppolID(s string) (PeppolID, Issues) {
	t := upperASCII(compact(s))
	if !peppolShape(t) {
		return PeppolID{}, Issues{reject(PeppolFormat, "A Peppol identifier is a scheme of four digits, a colon and a value: 0216:003712345671.")}
	}
	t = strings.TrimPrefix(t, peppolPrefix)
	p := PeppolID{Scheme: t[:4], Value: t[5:]}
	switch {
	case p.Scheme == peppolFinland:
		ovt, issues := ParseOVT(p.Value)
		if issues.Err() != nil {
			return PeppolID{}, Issues{reject(PeppolIdentifierFormat, "The value in scheme 0216 is an OVT code, which starts with 0037.")}
		}
		p.Value = string(ovt)
		return p, append(normalised(s, p.String()), issues...)
	case peppolRemoved[p.Scheme]:
		ovt, ok := ovtInside(p.Value)
		if !ok {
			return PeppolID{}, Issues{reject(PeppolSchemeRemoved, "This Finnish Peppol scheme has been removed: use 0216 with an OVT code.")}
		}
		return PeppolID{peppolFinland, string(ovt)}, Issues{warn(PeppolSchemeMigrated,
			"The Peppol identifier had a removed scheme and was rewritten to scheme 0216.")}
	}
	check, known := map[string]func(string) bool{"0060": duns, "0088": gln, "0199": lei}[p.Scheme]
	switch {
	case !known:
		return PeppolID{}, Issues{reject(PeppolSchemeUnknown, "The Peppol scheme is not known; the Finnish one is 0216.")}
	case !check(p.Value):
		return PeppolID{}, Issues{reject(PeppolIdentifierFormat, "The value does not fit its Peppol scheme.")}
	}
	return p, normalised(s, p.String())
}

const peppolPrefix = "ISO6523-ACTORID-UPIS::"

func peppolShape(t string) bool {
	t = strings.TrimPrefix(t, peppolPrefix)
	return len(t) > 5 && digits(t[:4]) && t[4] == ':'
}

// ovtInside finds the OVT code that a value of a removed scheme stands for: the code itself, a net service ID around it,
// a business ID, or a VAT number.
func ovtInside(value string) (OVT, bool) {
	if netServiceShape(value) {
		value = value[2:]
	}
	if ovt, issues := ParseOVT(value); issues.Err() == nil {
		_, ok := ovt.BusinessID()
		return ovt, ok
	}
	id, err := ParseBusinessID(value)
	return id.OVT(), err == nil
}

// gln: thirteen digits, the last of which makes the alternately weighted sum a multiple of ten.
func gln(v string) bool {
	if len(v) != 13 || !digits(v) {
		return false
	}
	sum := 0
	for i := range len(v) {
		sum += int(v[i]-'0') * (1 + i%2*2)
	}
	return sum%10 == 0
}

func duns(v string) bool { return len(v) == 9 && digits(v) }

// lei: eighteen letters or digits and two check digits.
func lei(v string) bool {
	return len(v) == 20 && upperAlnum(v) && digits(v[18:]) && mod97(v) == 1
}
