package hub_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
	"customerhub/internal/store"
)

// searchConnections is how many people search at the same time.
const searchConnections = 16

// BenchmarkSearch measures the first twenty hits of searches for parts of names, beginnings and typos, by many at once, under
// row security. It gives the median and the 99th percentile of each sort in milliseconds. HUB_SEARCH says among how many
// customers; the figure is for 1 000 000 (make search).
func BenchmarkSearch(b *testing.B) {
	size := 20_000
	if n, err := strconv.Atoi(os.Getenv("HUB_SEARCH")); err == nil {
		size = n
	}
	db := pgtest.New(b)
	pool, err := pg.Open(b.Context(), db.AppURL, pg.Options{MaxConns: searchConnections})
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	h := hub.New(pool, hub.Options{})
	var viewers []auth.Viewer
	for _, name := range []string{"Neighbour Oy", "Bench Oy"} { // another organisation has customers of the same names
		org, err := h.CreateOrganisation(b.Context(), name)
		if err != nil {
			b.Fatal(err)
		}
		viewers = append(viewers, auth.Operator(org))
	}
	names := newNames()
	fill(b, db, names, string(viewers[0].Organisation.ID), size/20)
	fill(b, db, names, string(viewers[1].Organisation.ID), size)
	if _, err := db.Owner.Exec(b.Context(), `VACUUM ANALYZE customer, search_word, customer_word`); err != nil {
		b.Fatal(err)
	}
	viewer := viewers[1]
	for _, sort := range []struct {
		name string
		text func(*rand.Rand) string
	}{
		{"part", names.part}, {"beginning", names.beginning}, {"typo", names.typo}, {"two words", names.twoWords},
	} {
		b.Run(strings.ReplaceAll(sort.name, " ", "_"), func(b *testing.B) {
			const each = 40
			var mu sync.Mutex
			var took []time.Duration
			empty := 0
			for round := range b.N {
				var wg sync.WaitGroup
				for worker := range searchConnections {
					wg.Go(func() {
						r := rand.New(rand.NewPCG(uint64(round), uint64(worker)))
						for range each {
							text := sort.text(r)
							began := time.Now()
							page, err := h.Customers(b.Context(), viewer, hub.CustomerQuery{Filter: hub.CustomerFilter{Text: text}, Page: hub.Page{First: new(20)}})
							spent := time.Since(began)
							mu.Lock()
							if took = append(took, spent); err != nil {
								b.Error(err)
							}
							if len(page.Items) == 0 {
								empty++
							}
							mu.Unlock()
						}
					})
				}
				wg.Wait()
			}
			slices.Sort(took)
			ms := func(share float64) float64 {
				return float64(took[int(math.Ceil(share*float64(len(took))))-1].Microseconds()) / 1000
			}
			b.ReportMetric(ms(0.5), "p50_ms")
			b.ReportMetric(ms(0.99), "p99_ms")
			b.ReportMetric(float64(empty)/float64(len(took)), "without_hits")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// names are made-up ones that are as common as names are: a few have many bearers, most have few.
type names struct{ last, first, words []string }

func newNames() *names {
	r := rand.New(rand.NewPCG(7, 7))
	var syllables []string
	for onset := range strings.SplitSeq(",h,j,k,l,m,n,p,r,s,t,v", ",") {
		for vowel := range strings.FieldsSeq("a e i o u y ä ö aa uu ai ei au") {
			for coda := range strings.SplitSeq(",n,r,s,l", ",") {
				syllables = append(syllables, onset+vowel+coda)
			}
		}
	}
	endings := strings.Fields("nen la lä nen nen mäki ranta niemi vaara lahti berg ström qvist man sson")
	invent := func(n, parts int) []string {
		seen := map[string]bool{}
		var out []string
		for len(out) < n {
			var made strings.Builder
			for range 1 + r.IntN(parts) {
				made.WriteString(syllables[r.IntN(len(syllables))])
			}
			made.WriteString(endings[r.IntN(len(endings))])
			w := made.String()
			if !seen[w] {
				seen[w] = true
				r := []rune(w)
				out = append(out, strings.ToUpper(string(r[:1]))+string(r[1:]))
			}
		}
		return out
	}
	return &names{last: invent(20_000, 3), first: invent(120, 1), words: strings.Fields(
		"Rakennus Kiinteistö Huolto Sähkö Putki Kuljetus Konsultointi Tilitoimisto Parturi Ravintola Kahvila Metalli Puu Maalaus Siivous Media Data Energia Autohuolto Kauppa")}
}

// common picks one, the first ones most often: of 20 000 the most common one once in ninety times, which is more often than
// any name in Finland is.
func common(r *rand.Rand, of []string) string {
	return of[int(float64(len(of))*math.Pow(r.Float64(), 2.2))]
}

func (n *names) name(r *rand.Rand) (name string, kind customer.Kind) {
	if r.IntN(3) == 0 {
		return common(r, n.last) + " " + common(r, n.first), customer.Private
	}
	return common(r, n.last) + "n " + common(r, n.words) + " Oy", customer.Company
}

func (n *names) part(r *rand.Rand) string {
	w := []rune(common(r, n.last))
	from := r.IntN(max(1, len(w)-4))
	return string(w[from:min(len(w), from+4+r.IntN(3))])
}

func (n *names) beginning(r *rand.Rand) string {
	w := []rune(common(r, n.last))
	return string(w[:min(len(w), 4+r.IntN(3))])
}

// typo spells a name wrong: a letter too few, a wrong one, or two that changed places.
func (n *names) typo(r *rand.Rand) string {
	w := []rune(common(r, n.last))
	for len(w) < 6 {
		w = []rune(common(r, n.last))
	}
	at := 1 + r.IntN(len(w)-2)
	switch r.IntN(3) {
	case 0:
		w = slices.Delete(w, at, at+1)
	case 1:
		w[at] = 'x'
	default:
		w[at], w[at-1] = w[at-1], w[at]
	}
	return string(w)
}

func (n *names) twoWords(r *rand.Rand) string { return common(r, n.words) + " " + n.beginning(r) }

// fill stores customers set-wise, as nothing but a benchmark does: the index of the search is made anew behind it.
func fill(b *testing.B, db *pgtest.DB, n *names, org string, size int) {
	b.Helper()
	conn, err := db.Owner.Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Release()
	exec := func(sql string) {
		b.Helper()
		if _, err := conn.Exec(b.Context(), sql); err != nil {
			b.Fatal(err)
		}
	}
	exec(`DROP INDEX customer_search`)
	exec(`CREATE TEMP TABLE staged (organisation_id uuid, id uuid, number text, kind text, name text, name_sort bytea, search_text text)`)
	r := rand.New(rand.NewPCG(1, uint64(size)))
	columns := []string{"organisation_id", "id", "number", "kind", "name", "name_sort", "search_text"}
	for from := 0; from < size; from += 50_000 {
		exec(`TRUNCATE staged`)
		rows := pgx.CopyFromSlice(min(50_000, size-from), func(i int) ([]any, error) {
			c := customer.Customer{Number: fmt.Sprint(100_000 + from + i)}
			c.Name, c.Kind = n.name(r)
			return []any{org, store.NewID(), c.Number, string(c.Kind), c.Name, customer.SortKey(c.Name), c.SearchText()}, nil
		})
		if _, err := conn.Conn().CopyFrom(b.Context(), pgx.Identifier{"staged"}, columns, rows); err != nil {
			b.Fatal(err)
		}
		exec(`INSERT INTO customer (organisation_id, id, version, field_versions, change_no, number, kind, status, name, name_sort, search_text)
			SELECT organisation_id, id, 1, '{}', 1, number, kind, 'ACTIVE', name, name_sort, search_text FROM staged`)
	}
	exec(`DROP TABLE staged`)
	exec(`SET maintenance_work_mem = '512MB'`)
	exec(`CREATE INDEX customer_search ON customer USING gin (organisation_id, search_text gin_trgm_ops) WITH (fastupdate = off)`)
}
