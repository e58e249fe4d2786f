package finding

import (
	"slices"

	"customerhub/internal/advice"
)

// Row is what there is to know of a code.
type Row struct {
	Code Code
	// Means is what the finding tells.
	Means advice.Said
	// Who can mend it, and How.
	Who advice.Who
	How advice.Said
	// Lasts says that it tells of something that happened: it stands until a person resolves it, though the next reading of the
	// record no longer shows it. Any other ends by itself when what it tells of is so no more.
	Lasts bool
	// Kept says that it is about a value which the hub holds and a system would not take. It shows in the hub's values and not in a
	// reading alone.
	Kept bool
	// Watched says that the hub itself raises and ends it as days pass, whatever a reading of the record shows.
	Watched bool
	// Example is a situation that raises it.
	Example string
}

// Table has a row for each code: odd values first, then records as a whole, then changes of many, then what comes with time.
var Table = slices.Concat(values, records, masses, watched)

// rows finds the row of a code.
var rows = func() map[Code]*Row {
	out := make(map[Code]*Row, len(Table))
	for i := range Table {
		out[Table[i].Code] = &Table[i]
	}
	return out
}()

// RowOf gives the row of a code; nil when there is none, as for a code of a newer hub.
func RowOf(c Code) *Row { return rows[c] }

// Fix is who can mend it, and how; nil when the hub does not know the code.
func (c Code) Fix() *advice.Fix {
	r := RowOf(c)
	if r == nil {
		return nil
	}
	return &advice.Fix{Who: r.Who, How: r.How.With()}
}

func codes(which func(Row) bool) (out []Code) {
	for _, r := range Table {
		if which(r) {
			out = append(out, r.Code)
		}
	}
	return out
}

// Ruled are the codes of findings that keep records back until somebody approves or rejects what they tell of.
var Ruled = []Code{MassAbsence, MassChangeIn, MassChangeOut}

// Unread are the codes of what a reading of the record does not end: what happened, and what the hub watches itself.
var Unread = codes(func(r Row) bool { return r.Lasts || r.Watched })

// Refusals are the codes of values that the hub holds and a system would not take; Row.Kept says more.
var Refusals = codes(func(r Row) bool { return r.Kept })

// KeepBack are the codes of findings that say why the hub and a system hold different values of a record though nothing is left to be sent.
var KeepBack = append(slices.Clone(Refusals), ConsumerEInvoice, TypeKept, NumberKept)
