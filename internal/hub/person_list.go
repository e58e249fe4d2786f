package hub

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/store"
)

// PersonFilter restricts persons; a zero member restricts nothing. All members have to hold.
type PersonFilter struct {
	// Text is words that must all occur in the names. Case and diacritics do not matter.
	Text string
	// Email and Phone are an address and a number that the person has. Both need personal:read: who may not see them may not
	// find out whose they are either.
	Email    *string
	Phone    *string
	Customer customer.ID
}

// PersonPage is a page of persons, each with its cursor.
type PersonPage struct {
	Items   []customer.Person
	Cursors []string
	Info    PageInfo
	Total   int
}

// byPersonName is the order of persons as their cursors have it.
const byPersonName = "person"

// People reads a page of the persons who are contacts of somebody, by last name. Needs customers:read.
func (h *Hub) People(ctx context.Context, v auth.Viewer, f PersonFilter, p Page, total bool) (PersonPage, error) {
	if f.Email != nil || f.Phone != nil {
		if err := v.Require(auth.PersonalRead); err != nil {
			return PersonPage{}, err
		}
	}
	w, err := p.window()
	if err != nil {
		return PersonPage{}, err
	}
	from, to, err := w.cursors(byPersonName)
	if err != nil {
		return PersonPage{}, err
	}
	q := store.PersonList{
		Words: customer.SearchWords(f.Text), Customer: f.Customer, From: personPlace(from), To: personPlace(to),
		Backwards: w.backwards, Limit: w.limit, Total: total,
	}
	if f.Email != nil {
		if q.Email = strings.TrimSpace(*f.Email); q.Email == "" {
			return PersonPage{}, fault.New(fault.Invalid, "The e-mail address to look for is empty.").At("filter", "email")
		}
	}
	if f.Phone != nil {
		if q.Phone = strings.TrimSpace(*f.Phone); q.Phone == "" {
			return PersonPage{}, fault.New(fault.Invalid, "The telephone number to look for is empty.").At("filter", "phone")
		}
		if dialled, _ := finnish.ParsePhone(finnish.Finland, q.Phone); dialled != "" {
			q.Phone = dialled
		}
	}
	var page PersonPage
	err = h.read(ctx, v, auth.CustomersRead, func(ctx context.Context, tx pgx.Tx) error {
		if len(q.Words) == 0 && strings.TrimSpace(f.Text) != "" {
			return nil // a search for signs alone finds nobody, rather than everybody
		}
		rows, err := store.ListPeople(ctx, tx, q)
		page = PersonPage{Items: rows.People, Info: w.info(rows.More), Total: rows.Total}
		for _, place := range rows.Places {
			page.Cursors = append(page.Cursors, position{Order: byPersonName, Key: place.Key, ID: string(place.ID)}.cursor())
		}
		return err
	})
	return page, err
}

func personPlace(p *position) *store.PersonPlace {
	if p == nil {
		return nil
	}
	return &store.PersonPlace{Key: p.Key, ID: customer.PersonID(p.ID)}
}
