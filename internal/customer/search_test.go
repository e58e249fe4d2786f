package customer_test

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"customerhub/internal/customer"
)

func TestSortKey(t *testing.T) {
	t.Parallel()
	t.Run("FinnishOrder", func(t *testing.T) {
		want := []string{"Aalto", "Ahola", "Virtanen", "Wallin", "Zetterberg", "Åberg", "Äijälä", "Öhman"}
		got := slices.Clone(want)
		slices.Reverse(got)
		slices.SortFunc(got, func(a, b string) int { return bytes.Compare(customer.SortKey(a), customer.SortKey(b)) })
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("CaseDoesNotMatter", func(t *testing.T) {
		for _, pair := range [][2]string{{"Mäki", "MÄKI"}, {"åberg", "Åberg"}, {"oy ab", "OY Ab"}} {
			if !bytes.Equal(customer.SortKey(pair[0]), customer.SortKey(pair[1])) {
				t.Errorf("%s and %s have different keys", pair[0], pair[1])
			}
		}
	})
	t.Run("ComposedAndDecomposedLettersAreOne", func(t *testing.T) {
		if !bytes.Equal(customer.SortKey("M\u00e4ki"), customer.SortKey("Ma\u0308ki")) {
			t.Error("the keys differ")
		}
	})
	t.Run("ManyAtATimeGiveTheSameKeys", func(t *testing.T) {
		want := customer.SortKey("Ykköskirjakauppa Oy")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 200 {
					customer.SortKey("Äänekoski")
					if !bytes.Equal(customer.SortKey("Ykköskirjakauppa Oy"), want) {
						t.Error("the key differs")
						return
					}
				}
			})
		}
		all.Wait()
	})
}

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Mäki":                   "maki",
		"MÄKI":                   "maki",
		"Ma\u0308ki":             "maki",
		"  Järvisen -- Oy,  Ab ": "jarvisen oy ab",
		"Ørsted Æbler A/S":       "orsted aebler a s",
		"Łódź & Straße":          "lodz strasse",
		"1572860-0":              "1572860 0",
		"100%_sure":              "100 sure",
		"":                       "",
		"ﬁrma ①":                 "firma 1",
		"\xff\xfe":               "",
	} {
		if got := customer.Fold(in); got != want {
			t.Errorf("Fold(%q) is %q, want %q", in, got, want)
		}
	}
	t.Run("TwiceIsOnce", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			once := customer.Fold(rapid.String().Draw(t, "text"))
			if again := customer.Fold(once); again != once {
				t.Fatalf("%q became %q", once, again)
			}
			if strings.ContainsAny(once, `%_\'`) {
				t.Fatalf("%q has a sign that means something in a pattern", once)
			}
		})
	})
}

func TestSearch(t *testing.T) {
	t.Parallel()
	c := customer.Customer{
		Name: "Järvisen Rakennus Oy", NameExtension: "Lahti", FirstName: "Åke", LastName: "Öhman", Number: "A-1001", BusinessID: "1572860-0",
	}
	finds := func(text string) bool {
		for _, w := range customer.SearchWords(text) {
			if !strings.Contains(c.SearchText(), w) {
				return false
			}
		}
		return true
	}
	for text, want := range map[string]bool{
		"järvi": true, "JARVI rakennus": true, "ohman ake": true, "1001": true, "A-1001": true, "1572860-0": true, "15728600": true,
		"1572860": true, "lahti": true, "tampere": false, "jarvi tampere": false,
	} {
		if got := finds(text); got != want {
			t.Errorf("%q finds it: %v, want %v", text, got, want)
		}
	}
	if got := len(customer.SearchWords("a b c d e f g h i j")); got != 8 {
		t.Errorf("%d words, want 8", got)
	}
	if got := customer.SearchWords(" -%_/ "); len(got) != 0 {
		t.Errorf("signs alone give %v", got)
	}
}
