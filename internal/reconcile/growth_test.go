package reconcile_test

import (
	"fmt"
	"testing"

	"customerhub/internal/customer"
)

// TestImportReadsNoMoreAsItGrows imports customers of whom some share an e-mail, and counts the rows that were read to find
// people who may be the same human: 3 or 4 for each customer, however many there are. A statement that reads all that an
// organisation has for each batch, by its wording or by a plan that was kept from when the tables were empty, reads 21 here,
// and 77 where there are four times as many customers.
func TestImportReadsNoMoreAsItGrows(t *testing.T) {
	t.Parallel()
	const customers, most = 3000, 8
	b := setup(t)
	for i := range customers {
		id := fmt.Sprint(i)
		at := func(name string) customer.Field { return customer.PartField(customer.PartContact, id, name) }
		b.fake.Put(id, customer.Fields{
			"name": "Customer " + id, "kind": "COMPANY", "status": "ACTIVE",
			at("present"): "true", at("firstName"): "Aino", at("lastName"): "Malli", at("roles"): "GENERAL",
			at("emails"): fmt.Sprintf("person%d@example.test", i%(customers/2)),
		})
	}
	b.imported()
	if n := b.count(`SELECT count(*) FROM person_proposal`); n != customers/2 {
		t.Fatalf("%d proposals, want %d", n, customers/2)
	}
	read := func() int {
		return b.count(`
			SELECT coalesce(sum(coalesce(t.seq_tup_read, 0) + coalesce(i.read, 0)), 0)::int
			FROM pg_stat_user_tables t
			CROSS JOIN LATERAL (SELECT sum(x.idx_tup_read) AS read FROM pg_stat_user_indexes x WHERE x.relid = t.relid) i
			WHERE t.relname IN ('person_key', 'person_proposal')`)
	}
	// The connections that counted hand their counts over when they end.
	b.db.App.Close()
	for open := 1; open > 0; {
		open = b.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename <> current_user`)
	}
	if got := read() / customers; got > most {
		t.Errorf("%d rows were read for each customer, want at most %d", got, most)
	}
}
