package server_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nestedFields is a customer with all that hangs on it, as a screen with every tab open shows it.
const nestedFields = `
id version number kind status name nameExtension firstName lastName businessId businessIdValid vatNumber buyerUnitNumber email
phone { raw e164 } language billingEmails consumerEInvoice createdAt updatedAt masked
einvoiceAddresses { address operator kind office { id name } }
addresses { kind name line1 line2 postcode city country derived }
offices { id name identifier phone { raw e164 } billingEmails active einvoice { address operator kind }
  address { kind line1 line2 postcode city country } }
contacts { roles title isDefault office { id name } person { id firstName lastName language emails phones { raw e164 } masked } }
customFields { key type date decimal text option definition { key type state labels { language text } options { code active } } }
responsible { kind name externalId system { id name } }
kyc { state riskClass requiresActions requiresActionsReasons latestRiskAssessmentOn dueDiligenceExpiresOn isOverdue notes asOf masked }
links { id externalId state reason primary dueAt attempt lastSyncedAt system { id kind name state health } }
provenance { field value decidedBy observedAt source { kind system { name } } alternatives { value observedAt } }
changes(first: 3) { hasMore newestSequence items { sequence at kind fields { field before after } actor { kind name } origin { kind } } }`

const nestedQuery = `query Screen($first: Int = 50) { customers(first: $first) { totalCount pageInfo { hasNextPage endCursor } nodes {` + nestedFields + `} } }`

// cpuSeconds is what this process and the Postgres sessions of the database have used so far, by the operating system's count.
func (b *bundle) cpuSeconds(t testing.TB) float64 {
	t.Helper()
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		t.Fatal(err)
	}
	total := time.Duration(own.Utime.Nano() + own.Stime.Nano()).Seconds()
	rows, err := b.db.Owner.Query(t.Context(), `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename <> current_user`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	sessions := 0
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			t.Fatal(err)
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		sessions++
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, at := range []int{11, 12} { // utime and stime, in hundredths of a second
			ticks, err := strconv.Atoi(fields[at])
			if err != nil {
				t.Fatal(err)
			}
			total += float64(ticks) / 100
		}
	}
	if sessions == 0 {
		t.Skip("the CPU of Postgres cannot be told here: there is no /proc")
	}
	return total
}

// BenchmarkNested answers one screen, fifty customers with everything nested, plainly and compiled in turn, and gives the CPU
// of the two: of the server and of Postgres together.
func BenchmarkNested(b *testing.B) {
	x := setup(b)
	x.seed(x.org.ID, 500)
	if _, err := x.db.Owner.Exec(b.Context(), "ANALYZE"); err != nil {
		b.Fatal(err)
	}
	plain, compiled := x.asked(x.key, nestedQuery, nil, true), x.asked(x.key, nestedQuery, nil, false)
	if plain != compiled || strings.Contains(plain, "\"message\"") {
		at := 0
		for at < min(len(plain), len(compiled)) && plain[at] == compiled[at] {
			at++
		}
		b.Fatalf("the answers differ:\n%.300s\n%.300s", plain[max(0, at-100):], compiled[max(0, at-100):])
	}
	var used [2]float64
	b.ResetTimer()
	for range b.N {
		for at, plainly := range []bool{true, false} {
			before := x.cpuSeconds(b)
			for range 100 {
				x.asked(x.key, nestedQuery, nil, plainly)
			}
			used[at] += x.cpuSeconds(b) - before
		}
	}
	if share := used[1] / used[0]; share > nestedShare {
		b.Errorf("a compiled answer takes %.2f of the CPU of a plain one, and may take %.2f", share, nestedShare)
	}
	each := 1000 / float64(100*b.N)
	b.ReportMetric(used[0]*each, "plain-cpu-ms")
	b.ReportMetric(used[1]*each, "compiled-cpu-ms")
	b.ReportMetric(used[1]/used[0], "of_plain")
	b.ReportMetric(0, "ns/op")
}

// nestedShare is how much of the CPU of plain execution the compiled read path may take for a screen's worth of data.
const nestedShare = 0.35
